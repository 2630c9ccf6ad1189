"""Evaluating a voice: whether it is understood, how fast and how loud it speaks, and what it costs.

The sentences are ours (English), or lines of a text of one's own with ``--data``. What was said is written down by the
transcription model that is installed; its own mistakes count as the voice's.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import of_mean, of_statistic
from castalia.judging.evaluation.figures import Evaluation, Example, Figure, by_item
from castalia.judging.evaluation.vectors import figure
from castalia.judging.instant.speech import check
from castalia.judging.instant.words import spoken_words, word_error_rate
from castalia.modalities.sound import decode
from castalia.modalities.speech.options import SpeechOptions

SENTENCES = (
    "The ferry to Norholm leaves the eastern pier at six every morning.",
    "Please keep the door closed while the machine is running.",
    "My grandmother baked bread on Saturdays and gave half of it away.",
    "The meeting has been moved to Thursday afternoon.",
    "Rain is expected in the valley, and snow above the tree line.",
    "He counted the coins twice and put them back in the jar.",
    "A good map shows what to leave out.",
    "The library opens again after the summer holidays.",
    "She asked whether the window had been broken before the storm.",
    "Turn left at the chapel and follow the river for two miles.",
    "Nobody had told the new teacher about the fire drill.",
    "Fresh paint needs at least a day to dry in this weather.",
    "Twelve of the forty students had read the whole book.",
    "The old engine was replaced by a smaller and quieter one.",
    "If the alarm rings, leave your bags and walk to the yard.",
    "They planted apple trees where the factory used to stand.",
    "The doctor said that the wound was healing well.",
    "Our train was late, so we missed the first act.",
    "Put the butter in a warm place until it is soft.",
    "The committee could not agree on a single date.",
    "Every spring the lake floods the lower meadow.",
    "He speaks slowly, but he never repeats himself.",
    "The parcel was too heavy for the bicycle courier.",
    "Thank you for calling, and have a pleasant evening.",
)
MOST = 24


def evaluate(bench: Bench) -> Evaluation:
    """Word errors, tempo, loudness, clipping, endings and speed. Raises BadRequest, and what the engine raises."""
    plan = bench.plan
    sentences = _sentences(plan.data, str(plan.model.details.get("language", "en")))[: plan.samples or MOST]
    spoken = _spoken(bench, sentences)
    heard = _heard(bench, spoken)
    found = Evaluation(
        model=plan.model.name,
        modality="speech",
        seed=plan.seed,
        samples=len(spoken),
        data={
            "source": "our sentences" if plan.data is None else plan.data.name,
            "sentences": len(spoken),
            "listener": None if plan.listener is None else plan.listener.name,
        },
        baseline="of word errors: what was heard of another sentence",
    )
    found.figures = [_word_errors(sentences, heard, plan.seed), *_sounding(bench, sentences, spoken)]
    for number, sentence in enumerate(sentences):
        lines = {"said": sentence} | ({} if heard is None else {"heard": heard[number]})
        wrong = None if heard is None else word_error_rate(sentence, heard[number])
        found.examples.append(
            Example(title=f"Sentence {number + 1}", lines=lines, passed=None if wrong is None else wrong == 0)
        )
    return found


def _sentences(source: Path | None, language: str) -> list[str]:
    if source is None:
        if not language.lower().startswith("en"):
            raise BadRequest(
                f"This voice speaks {language}; our sentences are English.",
                hint="Give sentences in its language, one a line: --data sentences.txt",
            )
        return list(SENTENCES)
    if not source.is_file():
        raise BadRequest(f"There is no file {source}.", hint="Give a text file with one sentence a line.")
    lines = [line.strip() for line in source.read_text(encoding="utf-8", errors="replace").splitlines()]
    sentences = [line for line in lines if spoken_words(line)]
    if not sentences:
        raise BadRequest(f"{source} holds no sentence.", hint="Give a text file with one sentence a line.")
    return sentences


def _spoken(bench: Bench, sentences: list[str]) -> list[Part]:
    parts: list[Part] = []
    for number, sentence in enumerate(sentences):
        bench.tell("speaking", number / len(sentences))
        parts.append(bench.require(bench.ask(sentence, bench.plan.seed))[0])
    return parts


def _heard(bench: Bench, spoken: list[Part]) -> list[str] | None:
    """What the listener wrote down of each, None without one."""
    listener = bench.plan.listener
    if listener is None:
        return None
    with bench.of(listener, "text") as ear:
        heard: list[str] = []
        for number, part in enumerate(spoken):
            bench.tell("listening", number / len(spoken))
            heard.append(ear.ask_about([part], "", 0, {}).text.strip())
    return heard


def _word_errors(sentences: list[str], heard: list[str] | None, seed: int) -> Figure:
    about = (
        "Words changed, left out or added, over the words of the sentences, as the transcription model hears them "
        "(its own mistakes included)."
    )
    if heard is None:
        return Figure(
            name="word_error",
            axis="use",
            value=None,
            unit="share of words",
            direction="lower",
            note="No transcription model is installed: castalia pull starter brings one.",
            about=about,
        )
    words = np.array([len(spoken_words(one)) for one in sentences], dtype=np.float64)

    def wrong(texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        rates = [word_error_rate(said, text) for said, text in zip(sentences, texts, strict=True)]
        return np.array(rates) * words

    errors, others = wrong(heard), wrong([*heard[1:], heard[0]])
    measured = of_statistic(lambda rows: float(errors[rows].sum() / words[rows].sum()), len(sentences), seed)
    return figure(
        "word_error",
        "use",
        measured,
        None,
        float(others.sum() / words.sum()),
        unit="share of words",
        direction="lower",
        about=about,
        items=by_item(sentences, errors * len(sentences) / words.sum(), seed),
    )


def _sounding(bench: Bench, sentences: list[str], spoken: list[Part]) -> list[Figure]:
    """What the instant checks measure of each sentence, as means, and seconds of work for a second of speech."""
    options = SpeechOptions().model_dump()
    values: dict[str, list[float]] = {}
    flags: Counter[str] = Counter()
    seconds = 0.0
    for sentence, part in zip(sentences, spoken, strict=True):
        request = Request.of_text(sentence, modality="speech", options=options)
        measures: list[Measure] = check(part, CheckContext(request=request))
        for one in measures:
            if one.value is not None:
                values.setdefault(one.name, []).append(one.value)
            flags[one.name] += one.status != "pass"
        samples, rate = decode(part.read())
        seconds += len(samples) / rate
    told: list[tuple[str, str, Literal["lower", "none"], str]] = [
        ("tempo", "sounds/s", "none", "Letters and digits spoken a second, pauses shortened; people speak 9 to 20."),
        ("loudness", "dBFS", "none", "Mean power against full scale; speech is usual at -16 to -23."),
        ("clipped", "share of samples", "lower", "Samples at full scale: from two in a thousand it crackles."),
        ("longest_pause", "s", "none", "The longest silence within a recording."),
    ]
    figures = [
        figure(name, "use", of_mean(np.array(values[name])), None, None, unit=unit, direction=direction, about=about)
        for name, unit, direction, about in told
        if name in values
    ]
    faults = np.array([float(sum(flags.values()))])
    figures.append(
        Figure(
            name="faults",
            axis="use",
            value=float(faults[0]),
            unit="flags",
            direction="lower",
            n=len(spoken),
            note=", ".join(f"{name} {count}" for name, count in sorted(flags.items()) if count),
            about="Recordings that an instant check flags: silent, clipped, broken off, rushed, dragging.",
        )
    )
    cost = bench.generation_seconds / seconds if seconds > 0 else math.nan
    figures.append(
        Figure(
            name="seconds_per_second",
            axis="use",
            value=round(cost, 3),
            unit="s/s",
            direction="lower",
            n=len(spoken),
            about="Seconds by the clock for a second of speech, once the voice is loaded.",
        )
    )
    return figures
