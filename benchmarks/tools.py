"""Tool calls on cases of our own, by any GGUF model.

    python benchmarks/tools.py                              the packaged model
    python benchmarks/tools.py --model some.gguf            another one
    python benchmarks/tools.py --part development --show    the cases that prompts may be tuned on, with every answer

Four kinds of cases: ``one`` call is right, ``none`` is, ``two`` at once are, or a ``loop`` of two, the second with what
the first gave back. Every third case is for tuning; the figures are of the others, held out. A case counts when the
calls are exactly the right ones with exactly the right arguments (in a loop: in the right order; the answer must hold
the word it must hold). ``tools`` counts the cases with the right names alone; ``valid`` the calls whose arguments obey
the tool's JSON schema. Each kind is asked with the choices of `MODES`. Answers are the likeliest words: the same model
gives the same score.
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema

from castalia.core.config import Settings
from castalia.core.errors import CastaliaError
from castalia.core.events import Completed, Progress
from castalia.core.requests import Request
from castalia.modalities.text.options import Tool
from castalia.serving.following import outcome
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.tool_loop import answer_with_tools
from castalia.serving.toolbox import ServedTool, Toolbox
from language import installed

FOLDER = Path(__file__).parent / "tools"
RESULTS = Path(__file__).parent / "results"
DEVELOPMENT = 3
"""One case in so many is for tuning."""
MODES = {"one": ("auto", "required", "named"), "none": ("auto",), "two": ("auto", "required"), "loop": ("auto",)}
"""``tool_choice`` for each kind of case; ``named`` names the right tool, so that only arguments are left open."""
MOST_STEPS = 4
CATALOGUE = {one["name"]: Tool.model_validate(one) for one in json.loads((FOLDER / "catalogue.json").read_text())}

Call = tuple[str, dict[str, object]]


@dataclass
class Tally:
    """What came of the cases of one kind, asked in one way."""

    kind: str
    mode: str
    n: int = 0
    right: int = 0
    tools: int = 0
    calls: int = 0
    valid: int = 0
    failed: int = 0
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        """The figures."""
        names = ("kind", "mode", "n", "right", "tools", "calls", "valid", "failed")
        return {**{name: getattr(self, name) for name in names}, "seconds": round(self.seconds, 1)}


def cases_of(part: str) -> list[dict[str, object]]:
    """The cases that belong to a part."""
    rows = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for number, row in enumerate(rows) if (number % DEVELOPMENT == 0) == (part == "development")]


def asked(house: House, model: str, case: dict[str, object], mode: str) -> tuple[list[Call], str]:
    """The calls that were made, in order, and the text of the answer."""
    tools = [CATALOGUE[name] for name in case["tools"]]
    choice = case["calls"][0][0] if mode == "named" else mode
    options = {"temperature": 0, "max_tokens": 200, "tool_choice": choice}
    if case["kind"] != "loop":
        options["tools"] = [tool.model_dump() for tool in tools]
    request = Request.of_text(case["ask"], modality="text", model=model, seed=1, options=options)
    if case["kind"] == "loop":
        box = Toolbox(
            ServedTool(tool, _canned(case["outputs"][tool.name]), "python")
            for tool in tools
            if tool.name in case["outputs"]
        )
        others = [tool.model_dump() for tool in tools if tool.name not in case["outputs"]]
        request = request.model_copy(update={"options": {**options, "tools": others}})
        result = outcome(answer_with_tools(house, request, box, max_steps=MOST_STEPS), Completed).result
        made = [*result.trace, *result.tool_calls]
    else:
        result = outcome(answer(house, request), Completed).result
        made = result.tool_calls
    return [(call.name, json.loads(call.arguments)) for call in made], result.text


def _canned(output: str):
    def call(_: dict[str, object]) -> Generator[Progress, None, str]:
        yield Progress()
        return output

    return call


def right(case: dict[str, object], calls: list[Call], text: str) -> bool:
    """Whether the calls are exactly the right ones, and the answer says what it must."""
    wanted = [(name, arguments) for name, arguments in case.get("calls", [])]
    if len(wanted) != len(calls):
        return False
    left = list(calls)
    for name, arguments in wanted:
        # calls made at once have no order; those of a loop have
        among = left[:1] if case["kind"] == "loop" else left
        found = next((call for call in among if call[0] == name and _same(arguments, call[1])), None)
        if found is None:
            return False
        left.remove(found)
    words = case.get("says", [])
    return not words or any(str(word).lower() in text.lower() for word in words)


def _same(wanted: dict[str, object] | list[dict[str, object]], given: dict[str, object]) -> bool:
    """Whether these are the arguments, or among those that are all right."""
    if isinstance(wanted, list):
        return any(_same(one, given) for one in wanted)
    if wanted.keys() != given.keys():
        return False
    return all(_equal(wanted[name], given[name]) for name in wanted)


def _equal(wanted: object, given: object) -> bool:
    if isinstance(wanted, list):
        return any(_equal(one, given) for one in wanted)
    if isinstance(wanted, str) and isinstance(given, str):
        return wanted.strip().lower() == given.strip().lower()
    return wanted == given and isinstance(wanted, bool) == isinstance(given, bool)


def valid(call: Call) -> bool:
    """Whether the arguments obey the schema of their tool."""
    name, arguments = call
    return name in CATALOGUE and jsonschema.Draft202012Validator(CATALOGUE[name].parameters).is_valid(arguments)


def run(house: House, model: str, kind: str, mode: str, part: str, *, show: bool) -> Tally:
    """All cases of a kind, asked in one way."""
    tally = Tally(kind, mode)
    for case in cases_of(part):
        if case["kind"] != kind:
            continue
        started = time.monotonic()
        try:
            calls, text = asked(house, model, case, mode)
        except CastaliaError as error:
            calls, text = [], f"{type(error).__name__}: {error.message} {error.details}"
            tally.failed += 1
        tally.seconds += time.monotonic() - started
        names = sorted(name for name, _ in calls)
        good = right(case, calls, text)
        tally.n += 1
        tally.right += good
        tally.tools += names == sorted(name for name, _ in case.get("calls", []))
        tally.calls += len(calls)
        tally.valid += sum(valid(call) for call in calls)
        if show:
            print(f"{'right' if good else 'wrong'} {kind} {mode}: {case['ask']} -> {calls} {text!r}", flush=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description="Score tool calls.")
    parser.add_argument("--model", help="a GGUF file, or a model by name; the packaged one when left out")
    parser.add_argument("--kind", choices=list(MODES), help="only these cases")
    parser.add_argument("--mode", help="only this tool_choice")
    parser.add_argument("--part", choices=["held-out", "development"], default="held-out")
    parser.add_argument("--show", action="store_true", help="print every answer")
    parser.add_argument("--home", type=Path, help="a home with models; a temporary one when left out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, House(Settings(home=arguments.home or Path(folder))) as house:
        model = installed(house, arguments.model)
        print(f"{model}, {arguments.part}", flush=True)
        rows = []
        for kind in [arguments.kind] if arguments.kind else list(MODES):
            for mode in [arguments.mode] if arguments.mode else MODES[kind]:
                tally = run(house, model, kind, mode, arguments.part, show=arguments.show)
                rows.append(tally.told())
                print(
                    f"{kind:5} {mode:9} right {tally.right:2} of {tally.n:2}  tools {tally.tools:2}  "
                    f"valid {tally.valid} of {tally.calls}  failed {tally.failed}  {tally.seconds:6.1f} s",
                    flush=True,
                )
        if arguments.part == "held-out" and arguments.kind is None and arguments.mode is None:
            told = {"model": model, "engine": house.registry.get(model).engine, "machine": platform.machine()}
            path = RESULTS / f"tools-{model}.json"
            path.write_text(json.dumps({**told, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
