"""Documents: search on Cranfield and at 100,000 passages, answers to 100 planted questions and in other languages.

python benchmarks/documents.py                      # all, with the packaged language model
python benchmarks/documents.py --only languages
python benchmarks/documents.py --only answers --model path/to/any.gguf
python benchmarks/documents.py --only answers --half development --checker path/to/any.gguf
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import documents_retrieval
from castalia.core.config import DocumentSettings, Settings
from castalia.core.events import Completed, Event
from castalia.core.requests import AUTO, Request
from castalia.language.documents.citing import Said, claim
from castalia.language.documents.evidence import weigh
from castalia.language.documents.library import sources_of
from castalia.language.documents.shelf import Passage
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.serving.pipeline import answer

HERE = Path(__file__).parent
HALVES = ("development", "held-out")
LANGUAGES = ("german", "french", "spanish")
HOME = HERE.parent / ".cache" / "tests" / "starter-home"


def answers(house: House, model: str, halves: tuple[str, ...], planted: str = "planted") -> dict[str, object]:
    """Of each half: how many unanswerable questions are declined, and how many answerable ones cite a right span."""
    collection = house.library.collection(planted, create=True)
    for _ in house.library.add(sources_of([HERE / planted]), collection):
        pass
    rows = [json.loads(line) for line in (HERE / planted / "questions.jsonl").open(encoding="utf-8")]
    figures: dict[str, object] = {}
    for half in halves:
        cited = declined = quoted = 0
        seconds = []
        asked = [row for row in rows if row["half"] == half]
        for row in asked:
            request = Request.of_text(row["question"], model=model, documents=[planted], seed=0)
            result = next(event.result for event in answer(house, request) if isinstance(event, Completed))
            told = result.outputs[0].info["documents"]
            if "file" not in row:
                declined += not told["answered"]
                if told["answered"]:
                    print(f"  not declined: {row['question']} -> {result.text}", flush=True)
                continue
            seconds.append(result.timing.total)
            quoted += told["quoted"]
            right = any(
                Path(place["name"]).name == row["file"] and row["span"] in place["text"]
                for one in told["sentences"]
                for place in one["citations"]
            )
            cited += right
            if not right:
                print(f"  no right span: {row['question']} -> {result.text}", flush=True)
        answerable = sum("file" in row for row in asked)
        figures[half] = {
            "declined": f"{declined} of {len(asked) - answerable}",
            "cited rightly": f"{cited} of {answerable}",
            "quoted": quoted,
            "median seconds": round(statistics.median(seconds), 2),
        }
    return figures


def claims(house: House, half: str) -> dict[str, object]:
    """Of claims that a passage says, and of such that turn its words round: how many count as supported."""
    rows = [json.loads(line) for line in (HERE / "planted" / "claims.jsonl").open(encoding="utf-8")]
    told: dict[bool, list[tuple[bool, bool, float]]] = {True: [], False: []}
    for row in rows:
        if row["half"] != half:
            continue
        text, said = row["passage"], row["claim"]
        passage = Passage(
            id=1, document="d", name="d", title="", heading="", page=None, start=0, end=len(text), text=text
        )
        evidence = weigh(said, [passage], house.library.encode)
        alone, both = (
            outcome_of(claim(said, 0, len(said), evidence, house.library.encode, check))
            for check in (None, house.checker)
        )
        told[row["supported"]].append((alone.supported, both.supported, both.checked or 0.0))
    pairs = [(good[2], bad[2]) for good in told[True] for bad in told[False]]
    return {
        "right claims supported, without and with the checker": [sum(one[n] for one in told[True]) for n in (0, 1)],
        "wrong claims supported, without and with the checker": [sum(one[n] for one in told[False]) for n in (0, 1)],
        "of each": len(told[True]),
        "right before wrong by the checker alone (AUC)": round(
            sum((good > bad) + (good == bad) / 2 for good, bad in pairs) / len(pairs), 3
        ),
    }


def outcome_of(steps: Generator[Event, None, Said]) -> Said:
    """What a generator returns in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def main() -> None:
    """Measure, print, and keep the figures in results/documents.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["retrieval", "answers", "languages"])
    parser.add_argument("--model", help="A GGUF file, or a model by name.")
    parser.add_argument("--half", choices=HALVES, help="Only this half of the planted questions.")
    parser.add_argument("--checker", help="A GGUF file that checks the sentences of answers.")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, House(Settings(home=HOME)) as starter:
        for name in ("starter:minilm", "starter:smollm2"):
            for _ in pull(starter, name):
                pass
        vectors = starter.library._folder
        figures: dict[str, object] = {}
        if wishes.only in (None, "retrieval"):
            shared = Path(os.environ.get("CASTALIA_SHARED", HERE.parent.parent / "shared"))
            if (shared / "data" / "cranfield.jsonl").exists():
                figures = documents_retrieval.measure(shared, vectors)
            else:
                print("Cranfield is not on this machine: CASTALIA_SHARED names no folder that has it.")
        if wishes.only != "retrieval":
            documents = DocumentSettings(checker="checker" if wishes.checker else None)
            with House(Settings(home=Path(folder), documents=documents)) as house:
                for model in starter.registry.list():
                    house.registry.add(model)
                halves = HALVES if wishes.half is None else (wishes.half,)
                if wishes.checker:
                    for _ in pull(house, wishes.checker, name="checker"):
                        pass
                    figures |= {f"claims, {half}": claims(house, half) for half in halves}
                    print(json.dumps(figures, indent=2), flush=True)
                name = wishes.model or ("smollm2" if wishes.checker else AUTO)
                if name.endswith(".gguf"):
                    for _ in pull(house, name, name="asked"):
                        pass
                    name = "asked"
                checked = f", checked by {Path(wishes.checker).stem}" if wishes.checker else ""
                writer = Path(wishes.model or "smollm2-135m").stem
                if wishes.only != "languages":
                    figures[f"answers by {writer}{checked}"] = answers(house, name, halves)
                if wishes.only != "answers":
                    figures[f"other languages, by {writer}"] = answers(house, name, LANGUAGES, "planted_tongues")
    print(json.dumps(figures, indent=2))
    results = HERE / "results" / "documents.json"
    kept = json.loads(results.read_text()) if results.exists() else {}
    results.write_text(json.dumps({**kept, **figures, "when": time.strftime("%Y-%m-%d")}, indent=2) + "\n")


if __name__ == "__main__":
    main()
