"""Instant checks of sounds: readable, audible, not clipped, no clicks, not cut off, no noise, no copy, long enough.

Models of ours keep descriptors and statistics of their training sounds, so that a sound is measured against what was
learnt: hiss is no fault for a model of cymbals.
"""

import numpy as np
from numpy.typing import NDArray

from castalia.core.content import Part
from castalia.core.errors import BadRequest, TooLarge, UnsupportedInput
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.prints import originality, prints_of, representation_of, usual
from castalia.modalities.audio.likeness import FLATNESS, nearest_training, statistics
from castalia.modalities.audio.representation import MelRepresentation, restore
from castalia.modalities.audio.surveying import CLIPPED, clipped_share
from castalia.modalities.sound import Samples, decode

SILENT_DB = -50.0
"""Peak below which nothing is heard at an ordinary volume, in decibels of full scale."""

CLICK = 16.0
"""A sample's bend over the usual bend around it, beyond which it stands out as a click. Of 150 recorded sounds one in
twenty lies above 12; of 60 with one sample moved by a tenth of full swing three in four lie above 24."""

CUT = 0.25
"""Level of the last 5 ms over the level of the whole sound beyond which the end is abrupt."""

NOISE = 0.9
"""Flatness beyond which a sound is white noise, where no training sound says what is usual."""

COPY = 0.35
"""Distance to the nearest training sound over the usual distance between training sounds."""

LATE = 0.05
"""Seconds by which a length may miss what was asked for."""


def check(output: Part, context: CheckContext) -> list[Measure]:
    """All measures, in this order; the rest is left out for a sound that cannot be read or heard."""
    view = _view(context)
    try:
        samples, rate = decode(output.read(), view.rate if view is not None else None)
    except (UnsupportedInput, TooLarge, OSError) as error:
        note = f"The sound cannot be read: {error}."
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    readable = Measure(name="readable", value=1, direction="higher", threshold=1)
    loud = _peak(samples)
    if loud.status == "flag":
        return [readable, loud]
    asked = context.request.options.get("seconds")
    length = [] if not isinstance(asked, int | float) else [_length(len(samples) / rate, float(asked))]
    measures = [readable, loud, _clipped(samples), _clicks(samples), _ending(samples, rate), *length]
    prints = prints_of(context, "sounds", "floors", "statistics")
    if view is None:
        view = MelRepresentation(rate, max(4, len(samples) // 256), 60.0)
    array = view.encode(samples)
    measures.append(_flatness(array, None if prints is None else prints["statistics"]))
    return measures if prints is None else [*measures, originality(nearest_training(array, prints), COPY, "sound")]


def _peak(samples: Samples) -> Measure:
    peak = 20.0 * float(np.log10(max(1e-6, np.abs(samples).max(initial=0.0))))
    silent = peak < SILENT_DB
    return Measure(
        name="peak",
        value=round(peak, 1),
        unit="dB of full scale",
        direction="higher",
        threshold=SILENT_DB,
        status="flag" if silent else "pass",
        note="The sound is silent or nearly so." if silent else "",
    )


def _clipped(samples: Samples) -> Measure:
    share = clipped_share(samples)
    return Measure(
        name="clipped",
        value=round(share, 5),
        unit="share of samples",
        direction="lower",
        threshold=CLIPPED,
        status="flag" if share > CLIPPED else "pass",
        note="Waves are cut off at full scale: it is distorted." if share > CLIPPED else "",
    )


def _clicks(samples: Samples) -> Measure:
    value = _sharpest_bend(samples)
    return Measure(
        name="clicks",
        value=round(value, 2),
        unit="of the usual bend",
        direction="lower",
        threshold=CLICK,
        status="flag" if value > CLICK else "pass",
        note="A single sample stands out from those around it: there is a click." if value > CLICK else "",
    )


def _sharpest_bend(samples: Samples) -> float:
    """The largest second difference over the root mean square of those within 64 samples on the calmer side of it.

    A beginning is calm on one side, a click on both: the louder side counts.
    """
    bends = np.abs(np.diff(samples.astype(np.float64), 2))
    if len(bends) < 256:
        return 0.0
    power = np.concatenate([[0.0], np.cumsum(bends * bends)])
    places = np.arange(66, len(bends) - 66)
    before = power[places - 2] - power[places - 66]
    after = power[places + 67] - power[places + 3]
    around = np.sqrt(np.maximum(before, after) / 64.0)
    floor = 1e-3 * float(np.abs(samples).max())
    return float((bends[places] / np.maximum(around, floor)).max())


def _ending(samples: Samples, rate: int) -> Measure:
    last = samples[-max(1, rate // 200) :]
    whole = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    value = float(np.sqrt(np.mean(np.square(last[len(last) // 2 :], dtype=np.float64)))) / max(whole, 1e-9)
    return Measure(
        name="ending",
        value=round(value, 3),
        unit="of the mean level",
        direction="lower",
        threshold=CUT,
        status="flag" if value > CUT else "pass",
        note="The sound ends abruptly, as if cut off." if value > CUT else "",
    )


def _flatness(array: NDArray[np.float32], known: NDArray[np.generic] | None) -> Measure:
    value = float(statistics(array[None])[0, FLATNESS])
    threshold = NOISE if known is None else min(NOISE, usual(known, FLATNESS, 99) + 0.1)
    return Measure(
        name="flatness",
        value=round(value, 3),
        unit="geometric over arithmetic mean",
        direction="lower",
        threshold=round(threshold, 3),
        status="flag" if value > threshold else "pass",
        note="All pitches are equally loud: it is noise." if value > threshold else "",
    )


def _length(seconds: float, asked: float) -> Measure:
    missed = abs(seconds - asked)
    return Measure(
        name="length",
        value=round(missed, 3),
        unit="s off",
        direction="lower",
        threshold=LATE,
        status="flag" if missed > LATE else "pass",
        note=f"It lasts {seconds:.2f} s; {asked:.2f} s were asked for." if missed > LATE else "",
    )


def _view(context: CheckContext) -> MelRepresentation | None:
    config = representation_of(context)
    try:
        return restore(config) if config else None
    except BadRequest:
        return None
