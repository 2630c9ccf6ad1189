"""From a model of your home to one of the starter package: half the size, without what belongs to this machine.

    python starter/ship.py NAME --description "..." --licence "..." [--alias WORD ...] [--as NAME]

Weights become bfloat16. The shipped model is then loaded beside the original and both draw at the same seed: how far
apart they are, relative to the spread of the original's numbers, is printed.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from castalia.client.api import house
from castalia.core.representation import Tokens
from castalia.families.artifact import (
    CARD,
    CARD_TEXT,
    COMPRESSOR_WEIGHTS,
    CONFIG,
    FINGERPRINTS,
    SAMPLES,
    WEIGHTS,
    read_config,
)
from castalia.families.contract import Batch
from castalia.families.loading import load_learner
from castalia.store.sources.own import FACTS

MODELS = Path(__file__).parent / "src" / "castalia_starter" / "models"
LIMIT = 60_000_000
"""Bytes of all starter models together."""


def ship(source: Path, target: Path, facts: dict[str, object]) -> None:
    """Write the folder of a starter model."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source / SAMPLES, target / SAMPLES)
    for name in (CONFIG, FINGERPRINTS):
        shutil.copy(source / name, target / name)
    _, _, text = (source / CARD_TEXT).read_text("utf-8").partition("\n")
    (target / CARD_TEXT).write_text(f"# {target.name}\n{text}", encoding="utf-8")
    for name in (WEIGHTS, COMPRESSOR_WEIGHTS):
        if (source / name).is_file():
            tensors = {key: _half(value) for key, value in load_file(source / name).items()}
            save_file(tensors, target / name)
    card = json.loads((source / CARD).read_text("utf-8"))
    card |= {"name": target.name, "description": facts["description"], "licence": facts["licence"]}
    card["data"] |= {"licence": facts["licence"]}
    (target / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    (target / FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _half(value: torch.Tensor) -> torch.Tensor:
    return value.to(torch.bfloat16) if value.is_floating_point() else value


@torch.no_grad()
def difference(source: Path, target: Path) -> str:
    """How far the shipped model is from the original, in words.

    Of items of numbers: the root mean square difference of what both draw at one seed, over the spread of the
    original's. Of tokens, where one other token changes all that follow: the loss of both on what the original drew.
    """
    configs = [read_config(folder) for folder in (source, target)]
    learners = [load_learner(folder, config) for folder, config in zip((source, target), configs, strict=True)]
    drawn = learners[0].sample(8, None, None, torch.Generator().manual_seed(0))
    if isinstance(configs[0].layout, Tokens):
        losses = [one.held_out_loss(Batch(drawn), torch.Generator().manual_seed(0)) for one in learners]
        return f"loss on what the original draws: {losses[0]:.5f}, as shipped {losses[1]:.5f}"
    again = learners[1].sample(8, None, None, torch.Generator().manual_seed(0))
    apart = float((drawn - again).square().mean().sqrt() / drawn.std())
    return f"difference at the same seed: {apart:.4f} of the spread"


def main() -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model of this home, or an artifact's folder")
    parser.add_argument("--as", dest="name", help="its name in the package; unset: its own")
    parser.add_argument("--description", required=True)
    parser.add_argument("--licence", required=True)
    parser.add_argument("--alias", nargs="*", default=[])
    parser.add_argument("--options", default="{}", help="JSON of recommended generation options")
    chosen = parser.parse_args()
    given = Path(chosen.model)
    source = given if (given / WEIGHTS).is_file() else house().registry.get(chosen.model).folder
    target = MODELS / (chosen.name or given.name)
    facts = {"aliases": chosen.alias, "description": chosen.description, "licence": chosen.licence}
    ship(source, target, facts | {"options": json.loads(chosen.options)})
    print(difference(source, target))
    for path in sorted(target.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>12,}  {path.relative_to(MODELS)}")
    total = sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file())
    print(f"{total:>12,}  all starter models, of {LIMIT:,}")
    if total > LIMIT:
        raise SystemExit("The starter models are too large together.")


if __name__ == "__main__":
    main()
