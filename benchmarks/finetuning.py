"""Does fine-tuning teach a format? Orders in e-mails to a compact notation, on e-mails never seen.

    python benchmarks/finetuning.py                        # SmolLM2-135M, the starter model
    python benchmarks/finetuning.py --model FILE.gguf      # another one

The base is asked twice: as the adapter is, with the e-mail alone, and with the notation explained and two examples. An
answer counts when it is the notation, letter by letter. Figures and the command go to benchmarks/results/.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from castalia.core.events import ModelReady, Progress
from castalia.core.requests import Request
from castalia.serving.collecting import Collector
from castalia.serving.finetune import finetune, plan_finetuning
from castalia.serving.following import outcome
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.store.gguf import read_header
from orders import RULES, Order, orders

RESULTS = Path(__file__).parent / "results"
ENGINE = "llamacpp"
LONGEST = 90
"""Tokens of an answer at most; the longest notation has about 60."""


def main() -> None:
    """Measure the base, fine-tune, measure the adapter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="starter:smollm2-135m", help="a GGUF file, or what else castalia pull takes")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--examples", type=int, default=1500)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch-tokens", type=int, default=512)
    parser.add_argument("--name", default="smollm2-135m", help="of the results' file")
    chosen = parser.parse_args()
    taught = orders(chosen.examples, 1)
    unseen = orders(chosen.held_out, 2, frozenset(one.mail for one in taught))
    with House() as house:
        base = outcome(pull(house, chosen.model), ModelReady, say).model.name
        data = house.home / "orders.jsonl"
        data.write_text("".join(json.dumps({"prompt": one.mail, "completion": one.notation}) + "\n" for one in taught))
        alone = asked(house, base, unseen, "")
        told = asked(house, base, unseen, RULES)
        name = f"orders-{int(time.time())}"
        plan, _ = plan_finetuning(
            house, base, data, name=name, minutes=chosen.minutes, rate=chosen.rate, threads=chosen.threads,
            batch_tokens=chosen.batch_tokens, licence="CC0-1.0",
        )  # fmt: skip
        started = time.monotonic()
        made = outcome(finetune(house, plan), ModelReady, say).model
        minutes = (time.monotonic() - started) / 60
        tuned = asked(house, made.name, unseen, "")
        card = json.loads((made.folder / "card.json").read_text())
        found = {
            "command": f"python {' '.join(sys.argv)}",
            "model": read_header(plan.base_file).text("general.name") or base,
            "task": f"{chosen.examples} examples, {chosen.held_out} unseen e-mails, exact match",
            "base_share": alone,
            "base_share_with_rules": told,
            "adapter_share": tuned,
            "wall_minutes": round(minutes, 1),
            "training": card["recipe"]["training"],
            "figures": made.figures,
            "history": card["history"],
        }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"finetuning-{chosen.name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({key: value for key, value in found.items() if key != "history"}, indent=1))


def asked(house: House, name: str, unseen: list[Order], rules: str) -> float:
    """The share of right answers, greedily."""
    model = house.registry.get(name)
    with house.pool.lease(model, ENGINE) as engine:

        def right(order: Order) -> bool:
            request = Request.of_text(rules + order.mail, modality="text", model=model.name, seed=0)
            request.options.update({"max_tokens": LONGEST, "temperature": 0.0})
            collector = Collector()
            with closing(engine.generate(request)) as events:
                for event in events:
                    collector.add(event)
            return (collector.outputs("text")[0].text or "").strip() == order.notation

        with ThreadPoolExecutor(4) as threads:
            share = sum(threads.map(right, unseen)) / len(unseen)
    print(f"{name}: {share:.0%}", file=sys.stderr)
    return share


def say(progress: Progress) -> None:
    """Progress, a line a minute."""
    minute = int(time.monotonic() // 60)
    if not progress.values or minute != say.minute:
        say.minute = minute
        print(f"{progress.message} {progress.values or ''}", file=sys.stderr)


say.minute = 0

if __name__ == "__main__":
    main()
