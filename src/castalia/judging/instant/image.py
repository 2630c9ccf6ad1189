"""Instant checks of pictures: readable, not blank, not noise, not burnt out, no copy of a training picture.

Models of ours keep statistics and descriptors of their training pictures (`fingerprints.safetensors`), so that a
picture is measured against what was learnt: black paper is no fault for a model of black paper.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import UnsupportedInput
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.prints import originality, prints_of, usual
from castalia.modalities.image.fingerprints import nearest_training
from castalia.modalities.image.pixels import decode, to_array
from castalia.modalities.image.statistics import CONTRAST, EXTREMES, SMOOTHNESS, statistics

BLANK = 4.0
"""Grey levels of contrast below which nothing can be seen, where no training picture says what is usual."""

NOISE = 0.2
"""Correlation with the neighbours below which pixels look independent: noise of 16 x 16 stays within 0.2 of zero."""

BURNT = 0.95
"""Share of black and white pixels beyond which a picture is only its extremes, without training pictures."""

USUAL_LOW, USUAL_HIGH = 1, 99
"""Percentiles of the training pictures that bound what is usual."""

COPY = 0.4
"""Distance to the nearest training picture over the usual distance between training pictures. On handwritten digits
held-out ones lie at 0.47 and more (median 0.98), copies with noise of a twentieth of the range below 0.34."""


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures ``readable``, ``contrast``, ``smoothness``, ``extremes`` and, for our models, ``originality``."""
    try:
        image = decode(output.read())
    except (UnsupportedInput, OSError) as error:
        note = f"The picture cannot be read: {error}."
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    readable = Measure(name="readable", value=1, direction="higher", threshold=1)
    prints = prints_of(context, "images", "floors")
    whole_sheet = output.info.get("sheet") is True
    picture = _native(image, output, None if prints is None or whole_sheet else prints)
    # the gaps of a contact sheet would spoil every other statistic
    known = None if prints is None or whole_sheet else prints.get("statistics")
    measured = [float(value) for value in statistics(picture[None])[0]]
    if whole_sheet:
        return [readable, _contrast(measured[CONTRAST], None)]
    measures = [
        readable,
        _contrast(measured[CONTRAST], known),
        _smoothness(measured[SMOOTHNESS], measured[CONTRAST], known),
        _extremes(measured[EXTREMES], known),
    ]
    return measures if prints is None else [*measures, originality(nearest_training(picture, prints), COPY, "picture")]


def _contrast(value: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = BLANK if known is None else min(2 * BLANK, 0.5 * usual(known, CONTRAST, USUAL_LOW))
    blank = value < threshold
    return Measure(
        name="contrast",
        value=round(value, 3),
        unit="grey levels",
        direction="higher",
        threshold=round(threshold, 3),
        status="flag" if blank else "pass",
        note="The picture is blank or nearly so." if blank else "",
    )


def _smoothness(value: float, contrast: float, known: NDArray[np.generic] | None) -> Measure:
    # a margin of 0.05, for one training picture in a hundred lies below the bound itself
    threshold = NOISE if known is None else min(0.5, usual(known, SMOOTHNESS, USUAL_LOW) - 0.05)
    # below two grey levels the statistic is that of rounding
    noisy = value < threshold and contrast > 2
    return Measure(
        name="smoothness",
        value=round(value, 3),
        unit="correlation",
        direction="higher",
        threshold=round(threshold, 3),
        status="flag" if noisy else "pass",
        note="Neighbouring pixels hardly belong together: the picture is noise." if noisy else "",
    )


def _extremes(value: float, known: NDArray[np.generic] | None) -> Measure:
    threshold = BURNT if known is None else min(1.0, usual(known, EXTREMES, USUAL_HIGH) + 0.1)
    clipped = value > threshold
    return Measure(
        name="extremes",
        value=round(value, 3),
        unit="share of pixels",
        direction="lower",
        threshold=round(threshold, 3),
        status="flag" if clipped else "pass",
        note="More of the picture is fully black or white than is usual: it is clipped." if clipped else "",
    )


def _native(image: Image.Image, output: Part, prints: dict[str, NDArray[np.generic]] | None) -> NDArray[np.float32]:
    # at the side that the model drew at: enlarging makes neighbours alike
    side = output.info.get("native")
    if isinstance(side, int) and 0 < side < min(image.size):
        image = image.resize((side, side), Image.Resampling.BOX)
    channels = int(prints["images"].shape[1]) if prints is not None else 1 if image.mode == "L" else 3
    return to_array(image, channels)
