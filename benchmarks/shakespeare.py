"""TinyShakespeare by characters: validation loss for processor seconds, against nanoGPT's recipe for a CPU.

    python benchmarks/shakespeare.py --systems peer transformer-short recurrent-short     (about 6 CPU-minutes)
    python benchmarks/shakespeare.py --systems transformer-long recurrent-long --seed 1   (4 CPU-minutes each)

The first 90 % of ``tinyshakespeare.txt`` (in ``CASTALIA_SHARED``) are learnt, the last 10 % judge. Ours train by the
product's own loop (`Dataset`, `Trainer`) with the defaults of the size dial; its held-out part is that last tenth, and
on an extract of it the better of raw and averaged weights is kept, as for every model. The validation loss, in nats a
character, is over the whole last tenth, cut into windows that overlap by one character: every character but the very
first counts, each with at least one and at most context - 1 before it (the peer: 1 to 64). ``cpu_seconds`` are those of
the process from the untrained model to the trained one; the peer's leave out all evaluation.
"""

import argparse
import sys

import numpy as np
import torch

import shakespeare_peer
from castalia.core.contracts import Encoded
from castalia.core.representation import Tokens
from castalia.families.contract import Batch
from castalia.families.nets.autoregressive import Autoregressive
from learning import Trained, as_batches, data_file, keep, load_average, table, train

CONTEXT = 128
SYSTEMS: dict[str, tuple[str, str, float]] = {
    "transformer-short": ("transformer", "tiny", 60.0),
    "recurrent-short": ("recurrent", "tiny", 60.0),
    "transformer-long": ("transformer", "small", 240.0),
    "recurrent-long": ("recurrent", "small", 240.0),
}
"""Family, size and processor seconds."""


def encode(text: str) -> tuple[np.ndarray, str]:
    """Characters as 1, 2, ... (0 is the padding that a stream never has), and the alphabet."""
    alphabet = "".join(sorted(set(text)))
    return np.array([alphabet.index(one) + 1 for one in text], dtype=np.int64), alphabet


def held_out_from(first: int, count: int, window: int) -> int:
    """How many of ``count`` tokens to give the product so that its held-out part begins exactly at ``first``."""
    for windows in range((count - first) // window, 0, -1):
        length = first + windows * window
        if length // window // 10 == windows:
            return length
    raise ValueError("no length of text puts the split there")


def validation_loss(learner: Autoregressive, tokens: np.ndarray, context: int) -> float:
    """Nats a character over all of ``tokens`` but the first."""
    count = (len(tokens) - 1) // (context - 1)
    windows = tokens[np.arange(count)[:, None] * (context - 1) + np.arange(context)]
    rest = tokens[count * (context - 1) :]
    total = 0.0
    with torch.no_grad():
        for piece in [*as_batches(windows, 32), rest[None]]:
            losses, _ = learner.token_losses(Batch(torch.from_numpy(piece)), None, obeying=False)
            total += float(losses[:, 1:].sum())
    return total / (len(tokens) - 1)


def ours(name: str, tokens: np.ndarray, alphabet: str, seed: int, seconds: float | None) -> dict[str, object]:
    """One training of ours and its figures."""
    family, size, allowed = SYSTEMS[name]
    context, first = CONTEXT, int(0.9 * len(tokens))
    layout = Tokens(vocabulary=len(alphabet) + 1, length=context, stream=True)
    data = tokens[: held_out_from(first, len(tokens), context)]
    done: Trained = train(family, layout, Encoded(data), seconds=seconds or allowed, size=size, seed=seed, options={})
    learner = done.learner
    sample = learner.sample(1, None, None, torch.Generator().manual_seed(seed)).numpy()[0]
    print(f"{name}: " + "".join(alphabet[one - 1] for one in sample), file=sys.stderr)
    return {
        "validation": round(validation_loss(learner, tokens[first:], context), 4),
        "cpu_seconds": done.cpu_seconds,
        "parameters": done.parameters,
        "steps": done.steps,
        "context": context,
        "config": done.config,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Validation loss on TinyShakespeare for processor seconds.")
    parser.add_argument("--systems", nargs="+", choices=["peer", *SYSTEMS], default=["peer", *SYSTEMS])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, help="processor seconds for each of ours instead of its own")
    arguments = parser.parse_args()
    file = data_file("tinyshakespeare.txt")
    if file is None:
        return 0
    torch.set_num_threads(1)
    tokens, alphabet = encode(file.read_text(encoding="utf-8"))
    rows: list[dict[str, object]] = []
    for seed in arguments.seed:
        for name in arguments.systems:
            load = load_average()
            if name == "peer":
                first, whole = int(0.9 * len(tokens)), torch.from_numpy(tokens - 1)
                figures: dict[str, object] = dict(
                    shakespeare_peer.run(whole[:first], whole[first:], len(alphabet), seed)
                )
            else:
                figures = ours(name, tokens, alphabet, seed, arguments.seconds)
            rows.append({"system": name, "seed": seed, "load_before": load} | figures)
            print(f"{name} seed {seed}: {figures['validation']} in {figures['cpu_seconds']} CPU-s", flush=True)
            keep("shakespeare", rows[-1:], {"what": "validation loss in nats a character; processor seconds"})
    print(table(rows, ["validation", "cpu_seconds"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
