"""Documents: search on Cranfield and at 100,000 passages, and answers to 100 planted questions.

python benchmarks/documents.py                      # all, with the packaged language model
python benchmarks/documents.py --only answers --model path/to/any.gguf
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import documents_retrieval
from castalia.core.config import Settings
from castalia.core.events import Completed
from castalia.core.requests import AUTO, Request
from castalia.language.documents.library import sources_of
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.serving.pipeline import answer

HERE = Path(__file__).parent
HOME = HERE.parent / ".cache" / "tests" / "starter-home"


def answers(house: House, model: str) -> dict[str, object]:
    """Of both halves: how many unanswerable questions are declined, and how many answerable ones cite a right span."""
    collection = house.library.collection("planted", create=True)
    for _ in house.library.add(sources_of([HERE / "planted"]), collection):
        pass
    rows = [json.loads(line) for line in (HERE / "planted" / "questions.jsonl").open(encoding="utf-8")]
    figures: dict[str, object] = {}
    for half in ("development", "held-out"):
        cited = declined = quoted = 0
        seconds = []
        asked = [row for row in rows if row["half"] == half]
        for row in asked:
            request = Request.of_text(row["question"], model=model, documents=["planted"], seed=0)
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


def main() -> None:
    """Measure, print, and keep the figures in results/documents.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["retrieval", "answers"])
    parser.add_argument("--model", help="A GGUF file, or a model by name.")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, House(Settings(home=HOME)) as starter:
        for name in ("starter:minilm", "starter:smollm2"):
            for _ in pull(starter, name):
                pass
        vectors = starter.library._folder
        figures: dict[str, object] = {}
        if wishes.only != "answers":
            shared = Path(os.environ.get("CASTALIA_SHARED", HERE.parent.parent / "shared"))
            if (shared / "data" / "cranfield.jsonl").exists():
                figures = documents_retrieval.measure(shared, vectors)
            else:
                print("Cranfield is not on this machine: CASTALIA_SHARED names no folder that has it.")
        if wishes.only != "retrieval":
            with House(Settings(home=Path(folder))) as house:
                for model in starter.registry.list():
                    house.registry.add(model)
                name = wishes.model or AUTO
                if name.endswith(".gguf"):
                    for _ in pull(house, name, name="asked"):
                        pass
                    name = "asked"
                figures[f"answers by {Path(wishes.model or 'smollm2-135m').stem}"] = answers(house, name)
    print(json.dumps(figures, indent=2))
    results = HERE / "results" / "documents.json"
    kept = json.loads(results.read_text()) if results.exists() else {}
    results.write_text(json.dumps({**kept, **figures, "when": time.strftime("%Y-%m-%d")}, indent=2) + "\n")


if __name__ == "__main__":
    main()
