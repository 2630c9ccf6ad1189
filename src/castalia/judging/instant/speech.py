"""Instant checks of speech: audible, not clipped, not cut off, as fast as people talk, and saying what it should.

The thresholds were set on sentences of a Piper voice and on the same sentences with planted faults
(``tests/judging/test_speech.py``).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.content import Part
from castalia.core.errors import CastaliaError, UnsupportedInput
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.words import spoken_words, word_error_rate
from castalia.modalities.sound import Samples, decode
from castalia.modalities.speech.options import SpeechOptions
from castalia.modalities.speech.spoken import spoken_text

SILENT = -45.0
"""dB below full scale: speech lies at -16 to -23, and at -45 nothing is heard beside a fan."""

CLIPPED = 0.002
"""Share of samples at full scale: a peak now and then is none, from about two in a thousand it crackles."""

CUT_OFF = -35.0
"""dB of the last 20 ms against the speech: a finished sentence ends at -60 or less, one broken off at -30 to 0."""

LONGEST_PAUSE = 2.0
"""Seconds: an orator's longest pause. What was asked for between sentences is added."""

FASTEST, SLOWEST = 28.0, 5.0
"""Sounds a second at speed 1: people speak 9 to 20; half a sentence in half its time comes out beyond 28."""

SHORTEST_TIMED = 20
"""Sounds below which no tempo is measured: the silence around a single word decides it."""

WRONG_WORDS = 0.3
"""Share of words: Whisper base mishears one in fifty of clear speech and one in five of odd names; beyond this the
voice said something else. One word is always forgiven, so that "Yes." heard as "Yeah." is no fault."""

LONGEST_HEARD = 120.0
"""Seconds beyond which no transcript is made: it would take longer than people wait for a verdict."""

_FRAME = 0.02
_FULL_SCALE = 0.99
_QUIET = -35.0
_SOUNDS_OF_A_DIGIT = 5


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures ``readable``, ``loudness``, ``clipped``, ``ending``, ``longest_pause``, ``tempo`` and ``word_error``.

    ``tempo`` needs a text of some length, ``word_error`` a transcription model.
    """
    try:
        samples, rate = decode(output.read())
    except (UnsupportedInput, OSError) as error:
        note = f"The sound cannot be read: {error}"
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    readable = Measure(name="readable", value=1, direction="higher", threshold=1)
    loudness = _loudness(samples)
    if loudness.status != "pass":
        return [readable, loudness]  # nothing else can be said about silence
    options = SpeechOptions.model_validate(
        {name: value for name, value in context.request.options.items() if name in SpeechOptions.model_fields}
    )
    text = spoken_text(context.request)
    shape = _shape(samples, rate)
    measures = [readable, loudness, _clipped(samples), _ending(shape), _pause(shape, options)]
    if sounds(text) >= SHORTEST_TIMED:
        measures.append(_tempo(shape, text, options))
    if context.transcribe is not None:
        measures.append(_word_error(output, text, shape.seconds, context))
    return measures


def sounds(text: str) -> int:
    """Roughly how many letters are spoken: a digit is a word of five."""
    return sum(_SOUNDS_OF_A_DIGIT if letter.isdigit() else letter.isalnum() or letter == " " for letter in text)


@dataclass(frozen=True)
class _Shape:
    """Levels of 20 ms frames in dB against the level of the sounding ones, and what follows from them."""

    levels: NDArray[np.float64]
    seconds: float

    @property
    def pauses(self) -> list[float]:
        """Seconds of each quiet stretch, the first and the last included."""
        quiet = np.concatenate([[False], self.levels < _QUIET, [False]])
        edges = np.flatnonzero(np.diff(quiet.astype(int)))
        return [float(length) * _FRAME for length in edges[1::2] - edges[::2]]


def _shape(samples: Samples, rate: int) -> _Shape:
    size = max(1, round(rate * _FRAME))
    # counted from the end, so that the last frame is a whole one
    kept = samples[len(samples) % size :] if len(samples) >= size else samples
    frames = kept.reshape(-1, size) if len(samples) >= size else kept[np.newaxis]
    energy = np.square(frames, dtype=np.float64).mean(axis=1)
    sounding = energy[energy > energy.max() * 10 ** (_QUIET / 10)]
    return _Shape(10 * np.log10(energy / sounding.mean() + 1e-12), len(samples) / rate)


def _loudness(samples: Samples) -> Measure:
    power = float(np.square(samples, dtype=np.float64).mean())
    level = max(10 * math.log10(power), -120.0) if power > 0 else -120.0
    silent = level < SILENT
    return Measure(
        name="loudness",
        value=round(level, 1),
        unit="dBFS",
        direction="higher",
        threshold=SILENT,
        status="flag" if silent else "pass",
        note="The recording is silent." if silent else "",
    )


def _clipped(samples: Samples) -> Measure:
    share = float((np.abs(samples) >= _FULL_SCALE).mean())
    clipped = share > CLIPPED
    return Measure(
        name="clipped",
        value=round(share, 5),
        unit="share of samples",
        direction="lower",
        threshold=CLIPPED,
        status="flag" if clipped else "pass",
        note=f"{share:.1%} of the samples are at full scale: it crackles." if clipped else "",
    )


def _ending(shape: _Shape) -> Measure:
    level = float(shape.levels[-1])
    cut = level > CUT_OFF
    return Measure(
        name="ending",
        value=round(level, 1),
        unit="dB",
        direction="lower",
        threshold=CUT_OFF,
        status="flag" if cut else "pass",
        note="It breaks off in the middle of a sound." if cut else "",
    )


def _pause(shape: _Shape, options: SpeechOptions) -> Measure:
    longest = max(shape.pauses, default=0.0)
    allowed = (LONGEST_PAUSE + options.sentence_silence) / min(options.speed, 1.0)
    return Measure(
        name="longest_pause",
        value=round(longest, 2),
        unit="s",
        direction="lower",
        threshold=round(allowed, 2),
        status="flag" if longest > allowed else "pass",
        note=f"Nothing is said for {longest:.1f} s." if longest > allowed else "",
    )


def _tempo(shape: _Shape, text: str, options: SpeechOptions) -> Measure:
    """Sounds a second of the time spoken: pauses count as the fifth of a second that they last inside a sentence."""
    spoken = shape.seconds - sum(max(0.0, pause - 0.2) for pause in shape.pauses)
    tempo = sounds(text) / max(spoken, _FRAME)
    fastest, slowest = FASTEST * max(options.speed, 1.0), SLOWEST * min(options.speed, 1.0)
    note = ""
    if tempo > fastest:
        note = f"{shape.seconds:.1f} s are too short for this text: it is rushed or a part is missing."
    elif tempo < slowest:
        note = f"{shape.seconds:.1f} s are too long for this text: it drags or says more."
    return Measure(
        name="tempo",
        value=round(tempo, 1),
        unit="sounds/s",
        direction="higher" if tempo < slowest else "lower",
        threshold=slowest if tempo < slowest else fastest,
        status="flag" if note else "pass",
        note=note,
    )


def _word_error(output: Part, text: str, seconds: float, context: CheckContext) -> Measure:
    words = len(spoken_words(text))
    threshold = round(max(WRONG_WORDS, 1 / max(words, 1)), 3)
    measure = Measure(
        name="word_error", value=None, unit="share of words", direction="lower", threshold=threshold, n=words
    )
    if seconds > LONGEST_HEARD:
        return measure.model_copy(update={"note": f"Not measured: longer than {LONGEST_HEARD:.0f} s."})
    assert context.transcribe is not None  # noqa: S101 - asked by the caller
    try:
        heard = context.transcribe(output).strip()
    except CastaliaError as error:
        return measure.model_copy(update={"note": f"Not measured: {error.message}"})
    rate = word_error_rate(text, heard)
    wrong = rate > threshold
    note = f'Heard: "{heard[:200]}"' if rate else ""
    return measure.model_copy(update={"value": round(rate, 3), "status": "flag" if wrong else "pass", "note": note})
