"""What a language model answers: facts, instructions, sources, repetition, readability, self-consistency."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from castalia.judging.evaluation.bench import Answer, Bench
from castalia.judging.evaluation.bootstrap import of_mean, of_statistic
from castalia.judging.evaluation.calibration import expected_calibration_error, reliability
from castalia.judging.evaluation.figures import Curve, Example, Figure, by_item
from castalia.judging.evaluation.language.instructions import instructions
from castalia.judging.evaluation.language.material import Material, Question
from castalia.judging.evaluation.language.support import support
from castalia.judging.evaluation.language.texts import reading_ease, repetition
from castalia.judging.evaluation.vectors import figure
from castalia.judging.repetition import words_of

REPEATS = 4
"""Answers of each question for self-consistency."""


def facts(bench: Bench, material: Material, seed: int) -> tuple[list[Figure], list[Curve], list[Example]]:
    """Exact match on facts, and whether the model's confidence in an answer is what it says."""
    questions = material.facts
    if not questions:
        return [], [], []
    prompts = [f"{one.text} Answer in a few words." for one in questions]
    answers = bench.ask_all(prompts, seed, "asking for facts", max_tokens=32, temperature=0.0, logprobs=0)
    right = np.array([matches(answer.text, one.answers) for answer, one in zip(answers, questions, strict=True)])
    turned = answers[1:] + answers[:1]
    others = [matches(answer.text, one.answers) for answer, one in zip(turned, questions, strict=True)]
    found = [
        figure("exact_match", "knowledge", of_mean(right, seed), 1.0, float(np.mean(others)), unit="share",
               direction="higher", items=by_item(prompts, right, seed),
               about="Questions whose answer holds an accepted one as words of its own; the baseline gives each "
               "question the answer of the next.")
    ]  # fmt: skip
    examples = [
        Example(title=one.text, lines={"answer": answer.text, "accepted": ", ".join(one.answers)}, passed=bool(good))
        for one, answer, good in zip(questions, answers, right, strict=True)
    ]
    confidence = np.array([confidence_of(answer) for answer in answers])
    if np.isnan(confidence).any():
        return found, [], examples

    def error(rows: np.ndarray) -> float:
        return expected_calibration_error(confidence[rows], right[rows])

    constant = expected_calibration_error(np.full(len(right), 0.999), right)
    found.append(
        figure("calibration_error", "knowledge", of_statistic(error, len(right), seed), 0.0, constant, unit="share",
               direction="lower",
               about="Gap between confidence (mean probability of the answer's tokens) and share right over ten bins "
               "(Guo et al., 2017); the baseline is always sure.")
    )  # fmt: skip
    return found, [reliability("Calibration on facts", confidence, right)], examples


def matches(answer: str, accepted: Sequence[str]) -> bool:
    """Whether one of the accepted answers stands in the answer as words of its own."""
    told = f" {' '.join(words_of(answer))} "
    return any(f" {' '.join(words_of(one))} " in told for one in accepted)


def confidence_of(answer: Answer) -> float:
    """Geometric mean of the probabilities of the answer's tokens; NaN without any."""
    values = [token.logprob for token in answer.logprobs]
    return math.exp(sum(values) / len(values)) if values else float("nan")


def obedience(bench: Bench, seed: int) -> tuple[list[Figure], list[Example]]:
    """The share of instructions that are followed, over two dozen kinds."""
    asked = instructions()
    answers = bench.ask_all(
        [one.prompt for one in asked], seed, "giving instructions", max_tokens=128, temperature=0.0, logprobs=None
    )
    followed = [one.check(answer.text.strip()) for one, answer in zip(asked, answers, strict=True)]
    lazy = [one.check("I am not sure what you mean, but I will gladly help.") for one in asked]
    kinds = Counter(one.kind for one, good in zip(asked, followed, strict=True) if good)
    count = len({one.kind for one in asked})
    found = figure(
        "instructions_followed", "instructions", of_mean(np.array(followed), seed), 1.0, float(np.mean(lazy)),
        unit="share", direction="higher", items=by_item([one.prompt for one in asked], followed, seed),
        about=f"Verifiable instructions of {count} kinds that the answer follows (after Zhou et al., 2023), own "
        "prompts; the baseline is one polite sentence.",
    )  # fmt: skip
    found.note = f"Kinds followed at least once: {', '.join(sorted(kinds)) or 'none'}."
    examples = [
        Example(title=f"{one.kind}: {one.prompt}", lines={"answer": answer.text}, passed=good)
        for one, answer, good in zip(asked, answers, followed, strict=True)
    ]
    return [found], examples


def sources(bench: Bench, questions: Sequence[Question], seed: int) -> tuple[list[Figure], list[Example]]:
    """Answers from a text: whether they are right, and whether the text supports all that they say."""
    if not questions:
        return [], []
    prompts = [f"{one.source}\n\nAnswer from the text above in one sentence: {one.text}" for one in questions]
    answers = bench.ask_all(prompts, seed, "asking about texts", max_tokens=64, temperature=0.0, logprobs=None)
    right = [matches(answer.text, one.answers) for answer, one in zip(answers, questions, strict=True)]
    backed = [support(answer.text, one.source) or 0.0 for answer, one in zip(answers, questions, strict=True)]
    foreign = [*questions[len(questions) // 2 :], *questions[: len(questions) // 2]]
    trivial = [support(answer.text, one.source) or 0.0 for answer, one in zip(answers, foreign, strict=True)]
    own = [support(one.source, one.source) or 0.0 for one in questions]
    wrong = [matches(answer.text, one.answers) for answer, one in zip(answers, foreign, strict=True)]
    figures = [
        figure("support", "knowledge", of_mean(np.array(backed), seed), float(np.mean(own)), float(np.mean(trivial)),
               unit="share", direction="higher", items=by_item(prompts, backed, seed),
               about="Sentences of answers whose numbers, names and longer words stand in the source; the floor is the "
               "source itself, the baseline the answers held against other sources."),
        figure("answers_from_sources", "knowledge", of_mean(np.array(right), seed), 1.0, float(np.mean(wrong)),
               unit="share", direction="higher", items=by_item(prompts, right, seed),
               about="Questions about a given text that are answered right."),
    ]  # fmt: skip
    examples = [
        Example(title=one.text, lines={"answer": answer.text, "source": one.source}, passed=share == 1.0)
        for one, answer, share in zip(questions, answers, backed, strict=True)
    ]
    return figures, examples


def writing(bench: Bench, material: Material, seed: int) -> tuple[list[Figure], list[Example]]:
    """Repetition and readability of longer answers, beside those of the passages."""
    prompts = material.openings
    answers = bench.ask_all(prompts, seed + 1, "writing", max_tokens=160, logprobs=None)
    texts = [answer.text for answer in answers]
    figures = written(texts, material.passages, seed)
    figures[0].items = by_item(prompts, [repetition(one) for one in texts], seed)
    examples = [Example(title=prompt, lines={"answer": text}) for prompt, text in zip(prompts, texts, strict=True)]
    return figures, examples


def written(texts: Sequence[str], passages: Sequence[str], seed: int) -> list[Figure]:
    """The figures of `writing` for given texts."""
    looped = [" ".join([*words_of(text)[:8]] * 8) for text in texts]
    found = [
        figure("repetition", "language", of_mean(np.array([repetition(one) for one in texts]), seed),
               float(np.mean([repetition(one) for one in passages])),
               float(np.mean([repetition(one) for one in looped])),
               unit="share", direction="lower",
               about="Runs of four words that came before in the same text (after Welleck et al., 2020); the baseline "
               "says its first eight words over and over.")
    ]  # fmt: skip
    mine = [ease for one in texts if (ease := reading_ease(one)) is not None]
    if mine:
        theirs = [ease for one in passages if (ease := reading_ease(one)) is not None]
        jumbled = [ease for one in passages if (ease := reading_ease(re.sub(r"[.!?]", "", one))) is not None]
        found.append(
            figure("reading_ease", "language", of_mean(np.array(mine), seed), float(np.mean(theirs)),
                   float(np.mean(jumbled)), unit="points", direction="none",
                   about="Flesch's reading ease (1948), English only: 60 to 70 is plain; the floor is that of the "
                   "passages, the baseline that of the passages without full stops.")
        )  # fmt: skip
    return found


def consistency(bench: Bench, material: Material, seed: int) -> tuple[list[Figure], list[Example]]:
    """How often answers to one question agree at temperature 1 (after Wang et al., 2023)."""
    prompts = [prompt for prompt in material.samplings for _ in range(REPEATS)]
    seeds = [seed + number for number in range(len(prompts))]
    answers = bench.ask_all(
        prompts, seed, "asking again", seeds=seeds, max_tokens=12, temperature=1.0, top_p=1.0, logprobs=None
    )
    told = [" ".join(words_of(answer.text)) for answer in answers]
    groups = [told[start : start + REPEATS] for start in range(0, len(told), REPEATS)]
    mixed = [told[start::REPEATS] for start in range(REPEATS)]
    agreed = [agreement(one) for one in groups]
    found = figure(
        "self_consistency", "knowledge", of_mean(np.array(agreed), seed), 1.0,
        float(np.mean([agreement(one) for one in mixed])), unit="share", direction="higher",
        items=by_item(material.samplings, agreed, seed),
        about=f"Words that pairs among {REPEATS} answers at temperature 1 have in common (after Wang et al., 2023); "
        "the baseline pairs answers to different questions.",
    )  # fmt: skip
    examples = [
        Example(title=prompt, lines={"answers": "\n".join(answers)})
        for prompt, answers in zip(material.samplings, groups, strict=True)
    ]
    return [found], examples


def agreement(answers: Sequence[str]) -> float:
    """What pairs of answers have in common, on average: 2 |A and B| / (|A| + |B|) over their words, in [0, 1]."""
    words = [Counter(words_of(answer)) for answer in answers]
    pairs = [(a, b) for place, a in enumerate(words) for b in words[place + 1 :]]
    shares = [2 * (a & b).total() / max(1, a.total() + b.total()) for a, b in pairs]
    return sum(shares) / len(shares) if shares else 1.0
