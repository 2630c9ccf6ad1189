"""Every language task on cases of our own, by any GGUF model.

    python benchmarks/language.py                           the packaged model
    python benchmarks/language.py --model some.gguf         another one
    python benchmarks/language.py --part development        the cases that prompts may be tuned on
    python benchmarks/language.py --task extract --show     one task, with every answer

Of each task's cases every fourth belongs to the development part, of `classify` one half with label sets of its own;
the figure is of the others, held out. A case scores
between 0 and 1 by exact checks (what must stand in the answer, what must not, code that runs); chrF and ROUGE-L to
a reference are told beside it where there is one. Answers are the likeliest words: the same model gives the same score.
"""

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path

import castalia
from castalia.core.assets import SENTENCE_VECTORS, SOURCES
from castalia.core.config import Settings
from castalia.core.errors import CastaliaError
from castalia.core.events import Completed, ModelReady
from castalia.serving.following import outcome
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.serving.tasks import carry_out, output_of, task_request
from language_scoring import SCORERS, Case, Outcome, calibration_error

FOLDER = Path(__file__).parent / "language"
RESULTS = Path(__file__).parent / "results"
DEVELOPMENT = 4
"""One case in so many is for tuning."""


def cases_of(name: str, part: str) -> list[Case]:
    """The cases of a file that belong to a part."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    cases: list[Case] = []
    belongs = ""
    for line in lines:
        if line.startswith("part:"):
            belongs = line.removeprefix("part:").strip()
        elif line.strip() and not line.startswith("#"):
            number = len(cases)
            own = belongs or ("held-out" if number % DEVELOPMENT else "development")
            cases.append(Case(number, [piece.replace("\\n", "\n") for piece in line.split(" || ")], own))
    return [case for case in cases if case.part == part]


def spread(cases: list[Case], most: int | None) -> list[Case]:
    """At most so many of the cases, evenly spread over them."""
    if most is None or len(cases) <= most:
        return cases
    return [cases[number * len(cases) // most] for number in range(most)]


def run(
    house: House, model: str, name: str, part: str, *, show: bool, most: int | None = None, engine: str | None = None
) -> dict[str, object]:
    """One file of cases: its score, the figures beside it, how many cases and how many seconds."""
    scorer = SCORERS[name]
    outcomes: list[Outcome] = []
    flagged = 0
    started = time.monotonic()
    for case in spread(cases_of(name, part), most):
        task, inputs, options = scorer.asked(case)
        parts = [castalia.Part.of_text(text) for text in inputs]
        try:
            request = task_request(task, parts, options, model=model, engine=engine, seed=1)
            result = outcome(carry_out(house, request), Completed).result
            flagged += result.verdict.status != "pass"
            scored = scorer.score(case, output_of(result))
            said = output_of(result).text
        except CastaliaError as error:
            scored, said = Outcome(0.0, {}), f"{type(error).__name__}: {error.message}"
        outcomes.append(scored)
        if show:
            print(f"{scored.score:.2f} {scored.beside} {case.fields} -> {said!r}", flush=True)
    beside = sorted({key for one in outcomes for key in one.beside})
    told = [(one.confidence, one.score) for one in outcomes if one.confidence is not None]
    sure = {"calibration error": round(calibration_error(*map(list, zip(*told, strict=True))), 3)} if told else {}
    return {
        "task": name,
        "n": len(outcomes),
        "score": round(sum(one.score for one in outcomes) / len(outcomes), 3),
        "beside": {
            key: round(sum(found) / len(found), 3)
            for key in beside
            if (found := [one.beside[key] for one in outcomes if key in one.beside])
        }
        | sure,
        "flagged": flagged,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Score every language task.")
    parser.add_argument("--model", help="a GGUF file, or a model by name; the packaged one when left out")
    parser.add_argument("--engine", help="run it on this engine")
    parser.add_argument("--task", action="append", help="only this file of cases; may be repeated")
    parser.add_argument("--part", choices=["held-out", "development"], default="held-out")
    parser.add_argument("--most", type=int, help="so many cases of each task, evenly spread; all when left out")
    parser.add_argument("--show", action="store_true", help="print every answer")
    parser.add_argument("--home", type=Path, help="a home with models; a temporary one when left out")
    parser.add_argument("--out", type=Path, help="where the JSON goes; benchmarks/results when left out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, House(Settings(home=arguments.home or Path(folder))) as house:
        model = installed(house, arguments.model)
        names = arguments.task or list(SCORERS)
        print(f"{model}, {arguments.part}", flush=True)
        rows = []
        for name in names:
            limits = {"show": arguments.show, "most": arguments.most, "engine": arguments.engine}
            row = run(house, model, name, arguments.part, **limits)
            rows.append(row)
            keep(arguments, house, model, rows)
            beside = " ".join(f"{key} {value:.3f}" for key, value in row["beside"].items())
            print(
                f"{name:12} score {row['score']:.3f}  n {row['n']:3}  {row['seconds']:7.1f} s  "
                f"flagged {row['flagged']:2}  {beside}",
                flush=True,
            )


def keep(arguments: argparse.Namespace, house: House, model: str, rows: list[dict[str, object]]) -> None:
    """Write what there is so far of a held-out run of all tasks, or where ``--out`` says."""
    path = arguments.out
    if path is None:
        if arguments.task is not None or arguments.part != "held-out":
            return
        path = RESULTS / f"language-{model}.json"
    told = {
        "model": model,
        "engine": arguments.engine or house.registry.get(model).engine,
        "part": arguments.part,
        "machine": platform.machine(),
        "cases": "all" if arguments.most is None else f"{arguments.most} of each",
        "tasks": rows,
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def installed(house: House, wanted: str | None) -> str:
    """The name of the model, pulled when it is not there, and the sentence vectors that every served home has."""
    if SENTENCE_VECTORS not in house.assets():
        for _ in pull(house, SOURCES[SENTENCE_VECTORS]):
            pass
    if wanted is None:
        wanted = "smollm2"
        if not any(wanted in (model.name, *model.aliases) for model in house.registry.list()):
            for _ in pull(house, "starter"):
                pass
    elif wanted.endswith(".gguf"):
        stem = Path(wanted).stem.lower()
        known = [model.name for model in house.registry.list() if model.source.endswith(Path(wanted).name)]
        if known:
            return known[0]
        ready = [event for event in pull(house, wanted) if isinstance(event, ModelReady)]
        return ready[-1].model.name if ready else stem
    return house.registry.get(wanted).name


if __name__ == "__main__":
    main()
