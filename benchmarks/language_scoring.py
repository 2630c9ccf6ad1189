"""How a case of `language.py` becomes a task, and how what came out is scored."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SECONDS = 5
"""How long code of a model may run."""


@dataclass
class Case:
    """A line of a file: its number, its fields, and the part that it belongs to."""

    number: int
    fields: list[str]
    part: str


@dataclass
class Outcome:
    """A score between 0 and 1, figures told beside it, and how sure the answer was, in [0, 1], if it tells that."""

    score: float
    beside: dict[str, float] = field(default_factory=dict)
    confidence: float | None = None


@dataclass
class Scorer:
    """``asked`` gives a case's task, inputs and options; ``score`` what its output is worth."""

    asked: Callable[[Case], tuple[str, list[str], dict[str, Any]]]
    score: Callable[[Case, Any], Outcome]


def holds(text: str, wanted: str) -> bool:
    """Whether one of the alternatives (apart by /) stands in the text; numbers as whole numbers."""
    return any(
        re.search(rf"(?<!\d){re.escape(one)}(?!\d)" if one[:1].isdigit() else re.escape(one), text, re.IGNORECASE)
        for one in wanted.strip().split("/")
    )


def share(text: str, wanted: str) -> float:
    """The share of what is wanted (apart by ;) that stands in the text."""
    pieces = [piece for piece in wanted.split(";") if piece.strip()]
    return sum(holds(text, piece) for piece in pieces) / len(pieces)


def rouge_l(text: str, reference: str) -> float:
    """F1 of the longest common subsequence of words (Lin 2004, ROUGE-L)."""
    left, right = words(text), words(reference)
    row = [0] * (len(right) + 1)
    for word in left:
        before = row[:]
        for place, other in enumerate(right, 1):
            row[place] = before[place - 1] + 1 if word == other else max(before[place], row[place - 1])
    return 2 * row[-1] / max(1, len(left) + len(right))


def chrf(text: str, reference: str, order: int = 6, beta: float = 2.0) -> float:
    """Character n-gram F-score, n = 1 to 6, beta 2, white space left out (Popovic 2015, chrF)."""
    scores = []
    left, right = "".join(text.split()), "".join(reference.split())
    for n in range(1, order + 1):
        made = Counter(left[i : i + n] for i in range(len(left) - n + 1))
        wanted = Counter(right[i : i + n] for i in range(len(right) - n + 1))
        if not made or not wanted:
            continue
        common = (made & wanted).total()
        precision, recall = common / made.total(), common / wanted.total()
        scores.append((1 + beta**2) * precision * recall / max(1e-9, beta**2 * precision + recall))
    return sum(scores) / len(scores) if scores else 0.0


def calibration_error(confidences: list[float], rights: list[float], bins: int = 5) -> float:
    """How far confidences lie from the share that was right, on average over bins of equally many answers."""
    pairs = sorted(zip(confidences, rights, strict=True))
    error = 0.0
    for number in range(bins):
        some = pairs[number * len(pairs) // bins : (number + 1) * len(pairs) // bins]
        error += abs(sum(confidence - right for confidence, right in some)) / len(pairs)
    return error


def words(text: str) -> list[str]:
    """Words in lower case."""
    return re.findall(r"\w+", text.lower())


def runs(code: str) -> bool:
    """Whether the code runs to its end, in a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.TimeoutExpired, ValueError):
        return False
    return done.returncode == 0


def asserts(wanted: str) -> str:
    """Lines of asserts."""
    return "\n".join(f"assert {piece.strip()}" for piece in wanted.split(";"))


def _summary(case: Case, made: Any) -> Outcome:
    text, facts, reference = case.fields
    shorter = len(words(made.text)) < 0.8 * len(words(text))
    return Outcome(share(made.text, facts) if shorter else 0.0, {"rouge_l": rouge_l(made.text, reference)})


COURTESY = """dear hello regards kind best wishes hope finds well thank thanks sorry please forward looking hearing
questions would like inform writing know that this will have been from with your there their them they were what when"""


def _draft(case: Case, made: Any) -> Outcome:
    """Points kept; beside it whether a draft is clean.

    It holds nothing of the prompt's examples and says nothing twice, and in every sentence all numbers, and at least
    half of the words of four letters or more, are from the points, words of courtesy aside.
    """
    points = set(words(case.fields[1]))
    kept = share(made.text, case.fields[2])
    sentences = [one for one in re.split(r"(?<=[.!?])\s+|\n+", made.text) if one.strip()]
    clean = not re.search(r"Weber|4417|9 May|Pavel|tarmac|1820", made.text) and len(set(sentences)) == len(sentences)
    for sentence in sentences:
        telling = [word for word in words(sentence) if len(word) > 3 and word not in COURTESY.split()]
        clean &= 2 * sum(_known(word, points) for word in telling) >= len(telling)
        clean &= {word for word in words(sentence) if word.isdigit()} <= points
    return Outcome(kept, {"all points": float(kept == 1), "clean": float(clean)})


def _known(word: str, points: set[str]) -> bool:
    return any(word[:4] == point[:4] for point in points if len(point) > 3)


def _translation(case: Case, made: Any) -> Outcome:
    found = chrf(made.text, case.fields[3])
    return Outcome(found, {"exact": float(words(made.text) == words(case.fields[3]))})


def _rewriting(case: Case, made: Any) -> Outcome:
    text, kept, avoided = case.fields[1:4]
    changed = words(made.text) != words(text)
    short = "@shorter" not in avoided or len(words(made.text)) <= 0.9 * len(words(text))
    clean = not any(piece.lower() in f" {made.text} ".lower() for piece in avoided.split(";") if "@" not in piece)
    if case.fields[0].startswith("correct"):
        clean = not any(piece in f" {made.text} " for piece in avoided.split(";"))
    beside = {"chrf": chrf(made.text, case.fields[4])} if len(case.fields) > 4 else {}
    size = len(words(made.text)) <= 3 * len(words(text)) + 10
    return Outcome(float(changed and short and clean and size) * float(share(made.text, kept) == 1), beside)


def _answer(case: Case, made: Any) -> Outcome:
    wanted = case.fields[2]
    if wanted == "-":
        return Outcome(float(not made.found), {"declined rightly": float(not made.found)})
    return Outcome(
        float(made.found and holds(made.text, wanted)), {"answered rightly": float(holds(made.text, wanted))}
    )


def _fields(case: Case) -> dict[str, str]:
    return dict(piece.strip().split("=", 1) for piece in case.fields[1].split(";"))


def _extraction(case: Case, made: Any) -> Outcome:
    wanted = _fields(case)
    right = 0
    for name, value in wanted.items():
        got = made.value.get(name)
        right += (got is None) if value == "-" else got is not None and words(str(got)) == words(value)
    return Outcome(right / len(wanted), {"all fields": float(right == len(wanted))})


def _code(case: Case, made: Any) -> Outcome:
    action, given, wanted = case.fields
    if action == "explain":
        score = float(share(made.text, wanted) == 1)
    elif action == "test":
        tested = made.code if "def test" not in made.code else _called(made.code)
        score = float("assert" in tested and runs(f"{given}\n{tested}") and not runs(f"{wanted}\n{_only(tested)}"))
    else:
        score = float(runs(f"{made.code}\n{asserts(wanted)}"))
    return Outcome(score, {action: score})


def _called(code: str) -> str:
    return code + "\n" + "\n".join(f"{name}()" for name in re.findall(r"^def (test\w*)\(\)", code, re.MULTILINE))


def _only(code: str) -> str:
    """The asserts alone: tests that bring the function again cannot catch anything."""
    return "\n".join(line for line in code.splitlines() if line.strip().startswith("assert")) or "pass"


def _completion(case: Case, made: Any) -> Outcome:
    return Outcome(float(runs(f"{case.fields[0].replace('<cursor>', made.text)}\n{asserts(case.fields[1])}")))


def _message(case: Case, made: Any) -> Outcome:
    shown = [word for word in ("Oskar", "ladder", "Rosa", "Ghent", "Tom") if word not in case.fields[2]]
    foreign = any(word in made.text for word in (*shown, "[[", "{"))
    return Outcome(float(share(made.text, case.fields[3]) == 1 and not foreign))


def _label(case: Case, made: Any) -> Outcome:
    wanted = "none" if case.fields[3] == "-" else case.fields[3]
    right = float(made.label == wanted)
    kind = "none allowed" if len(case.fields) > 4 else case.fields[0]
    return Outcome(right, {kind: right}, getattr(made, "confidence", None))


def _label_options(case: Case) -> dict[str, Any]:
    allowed = {"none": True} if len(case.fields) > 4 else {}
    return {"about": case.fields[0], "labels": case.fields[1].split(", "), **allowed}


def _rewriting_options(case: Case) -> dict[str, Any]:
    name, value = case.fields[0].split("=")
    return {name: value}


SCORERS = {
    "summarise": Scorer(lambda case: ("summarise", [case.fields[0]], {"sentences": 2}), _summary),
    "translate": Scorer(
        lambda case: ("translate", [case.fields[2]], {"source": case.fields[0], "to": case.fields[1]}), _translation
    ),
    "rewrite": Scorer(lambda case: ("rewrite", [case.fields[1]], _rewriting_options(case)), _rewriting),
    "draft": Scorer(
        lambda case: (
            "draft",
            ["\n".join(f"- {point.strip()}" for point in case.fields[1].split(";"))],
            {"kind": case.fields[0], "words": 60},
        ),
        _draft,
    ),
    "answer": Scorer(lambda case: ("answer", [case.fields[0]], {"question": case.fields[1]}), _answer),
    "extract": Scorer(lambda case: ("extract", [case.fields[0]], {"fields": list(_fields(case))}), _extraction),
    "classify": Scorer(lambda case: ("classify", [case.fields[2]], _label_options(case)), _label),
    "code": Scorer(lambda case: ("code", [case.fields[1]], {"action": case.fields[0]}), _code),
    "complete": Scorer(lambda case: ("code", [case.fields[0]], {"action": "complete"}), _completion),
    "personalise": Scorer(
        lambda case: ("personalise", [case.fields[0], f"{case.fields[1]}\n{case.fields[2]}\n"], {}), _message
    ),
}
