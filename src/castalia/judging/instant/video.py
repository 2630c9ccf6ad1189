"""Instant checks of clips: readable, not blank, moving, no flicker, no noise, no copy, no frame missing.

Models of ours keep descriptors and statistics of their training clips, so that a clip is measured against what was
learnt: a still picture is no fault for a model of still pictures.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import TooLarge, UnsupportedInput
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.prints import originality, prints_of, usual
from castalia.modalities.video.clips import Clip, read_clip, to_clip
from castalia.modalities.video.likeness import CONTRAST, FLICKER, MOTION, SMOOTHNESS, nearest_training, statistics

BLANK = 4.0
"""Grey levels of contrast below which nothing can be seen, where no training clip says what is usual."""

NOISE = 0.2
"""Correlation with the neighbours below which pixels look independent."""

FROZEN = 0.05
"""Grey levels that a pixel changes from frame to frame on average, below which nothing moves."""

FLICKERING = 4.0
"""Grey levels that a frame's brightness goes up and comes back by, beyond which it flickers."""

COPY = 0.35
"""Distance to the nearest training clip over the usual distance between training clips."""

LARGEST = 256
"""Sides that are measured at most: larger clips are averaged down."""


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures ``readable``, ``frames``, ``contrast``, ``smoothness``, ``motion``, ``flicker`` and ``originality``."""
    try:
        clip = read_clip(output.read())
    except (UnsupportedInput, TooLarge, OSError) as error:
        note = f"The film cannot be read: {error}."
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    readable = Measure(name="readable", value=1, direction="higher", threshold=1)
    prints = prints_of(context, "clips", "floors", "statistics")
    array = _native(clip, output)
    known = None if prints is None else prints["statistics"]
    measured = [float(value) for value in statistics(array[None])[0]]
    measures = [
        readable,
        *_frames(clip, output),
        _contrast(measured[CONTRAST], known),
        _smoothness(measured[SMOOTHNESS], measured[CONTRAST], known),
        _motion(measured[MOTION], known),
        _flicker(measured[FLICKER], known),
    ]
    return measures if prints is None else [*measures, originality(nearest_training(array, prints), COPY, "clip")]


def _frames(clip: Clip, output: Part) -> list[Measure]:
    wanted = output.info.get("frames")
    if not isinstance(wanted, int):
        return []
    missing = abs(len(clip.frames) - wanted)
    return [
        Measure(
            name="frames",
            value=missing,
            unit="too many or too few",
            direction="lower",
            threshold=0,
            status="flag" if missing else "pass",
            note=f"It has {len(clip.frames)} frames instead of {wanted}." if missing else "",
        )
    ]


def _contrast(value: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = BLANK if known is None else min(4 * BLANK, 0.5 * usual(known, CONTRAST, 1))
    return Measure(
        name="contrast",
        value=round(value, 3),
        unit="grey levels",
        direction="higher",
        threshold=round(threshold, 3),
        status="flag" if value < threshold else "pass",
        note="The clip is blank or nearly so." if value < threshold else "",
    )


def _smoothness(value: float, contrast: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = NOISE if known is None else min(0.5, usual(known, SMOOTHNESS, 1) - 0.05)
    noisy = value < threshold and contrast > 2
    return Measure(
        name="smoothness",
        value=round(value, 3),
        unit="correlation",
        direction="higher",
        threshold=round(threshold, 3),
        status="flag" if noisy else "pass",
        note="Neighbouring pixels hardly belong together: the clip is noise." if noisy else "",
    )


def _motion(value: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = FROZEN if known is None else min(2.0, 0.3 * usual(known, MOTION, 1))
    return Measure(
        name="motion",
        value=round(value, 3),
        unit="grey levels a frame",
        direction="higher",
        threshold=round(threshold, 3),
        status="flag" if value < threshold else "pass",
        note="The clip is frozen: nothing moves as it should." if value < threshold else "",
    )


def _flicker(value: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = FLICKERING if known is None else max(1.0, 2.0 * usual(known, FLICKER, 99))
    return Measure(
        name="flicker",
        value=round(value, 3),
        unit="grey levels",
        direction="lower",
        threshold=round(threshold, 3),
        status="flag" if value > threshold else "pass",
        note="Its brightness goes up and down from frame to frame." if value > threshold else "",
    )


def _native(clip: Clip, output: Part) -> NDArray[np.float32]:
    """The clip at the side that the model works at: enlarging makes neighbours alike."""
    side = output.info.get("native")
    width, height = clip.frames[0].size
    if isinstance(side, int) and side > 0:
        size = (side, side)
    else:
        factor = max(1.0, max(width, height) / LARGEST)
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
    # equal in every channel for grey clips, whose encodings are colour
    return to_clip([frame.resize(size, Image.Resampling.BOX) for frame in clip.frames], 3)
