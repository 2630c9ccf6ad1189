"""Text to icon: the nearest training picture of what is drawn for a caption, after so many processor seconds.

    python starter/recipes/icons.py --plain icons-plain/
    python benchmarks/icons.py icons-plain/ --cpu-seconds 900

1,911 icons at 32 x 32 with 2,843 captions, learnt by our diffusion through our own training. For one caption each of
300 icons a picture is drawn; the rank of the caption's own icon among all icons by distance is told: the share of rank
one and of rank ten at most, and the median. Beside it originality: distance to the nearest icon over the usual distance
between icons. Needs the sentence vectors: `castalia pull starter:minilm`.
"""

import argparse
import json
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from castalia.client.api import house
from castalia.core import assets
from castalia.core.plugins import families, resolve
from castalia.families.artifact import read_config
from castalia.families.loading import load_learner
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import to_image
from castalia.training import data as training_data
from castalia.training.plan import TrainingPlan
from castalia.training.runs import run_training
from fashion_measures import Stopwatch
from learning import keep, load_average, table

PROMPTS = 300
COLUMNS = ["cpu_seconds", "seen", "top1", "top10", "median_rank", "nearest_over_usual", "seconds_a_picture"]


def ranks(drawn: np.ndarray, icons: np.ndarray, owners: np.ndarray) -> dict[str, float]:
    """How near the drawn pictures (n, ...) lie to their own icons, among all icons (m, ...) by Euclidean distance."""
    made, real = (torch.from_numpy(one.reshape(len(one), -1).astype(np.float32)) for one in (drawn, icons))
    distances = torch.cdist(made, real)
    own = distances[torch.arange(len(made)), torch.from_numpy(owners)]
    rank = 1 + (distances < own[:, None]).sum(dim=1)
    usual = float(torch.cdist(real, real).kthvalue(2, dim=1).values.median())
    return {
        "top1": round(float((rank == 1).float().mean()), 4),
        "top10": round(float((rank <= 10).float().mean()), 4),
        "median_rank": float(rank.float().median()),
        "nearest_over_usual": round(float(distances.amin(dim=1).median()) / usual, 4),
    }


def main() -> int:
    """Train, draw, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cpu-seconds", type=float, default=900.0)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--size", default="small")
    parser.add_argument("--options", default="{}", help="JSON of options of the family")
    parser.add_argument("--sampling", default="{}", help="JSON of options of drawing")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    assets.provide(house().assets())
    representation, encoded = ImageModality().fit(chosen.folder, ImageData(size=32))
    pixels, owners = np.unique(encoded.data.reshape(len(encoded.data), -1), axis=0, return_inverse=True)
    picked = np.random.default_rng(0).permutation(len(pixels))[:PROMPTS]
    rows_of = np.asarray([np.flatnonzero(owners == place)[0] for place in picked])
    assert encoded.conditions is not None
    wanted = torch.from_numpy(encoded.conditions[rows_of])
    rows: list[dict[str, object]] = []
    for seed in chosen.seed:
        watch = Stopwatch()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            plan = {"source": chosen.folder, "modality": "image", "family": "diffusion", "name": "icons", "seed": seed}
            plan |= {"minutes": chosen.cpu_seconds / 60.0, "size": chosen.size, "threads": 1}
            plan |= {"family_options": json.loads(chosen.options)}
            TrainingPlan.model_validate(plan).write(folder)
            facts = {"representation": representation.config(), "facts": {"items": len(encoded.data)}}
            training_data.keep(folder, encoded, facts)
            run_training(folder, lambda event: print(event.message, file=sys.stderr), threading.Event())
            used = watch.seconds
            config = read_config(folder / "artifact")
            learner = load_learner(folder / "artifact", config)
            card = json.loads((folder / "artifact" / "card.json").read_text())["figures"]
        options = resolve(families().spec("diffusion").sampling_options).model_validate(json.loads(chosen.sampling))
        known, generator = torch.ones(len(wanted), 1, dtype=torch.bool), torch.Generator().manual_seed(seed)
        drawing = Stopwatch()
        pieces = [learner.sample(len(one), one, known[: len(one)], generator, options) for one in wanted.split(50)]
        drawn = torch.cat(pieces).numpy()
        seen = int(card["steps"]) * int(str(config.family_config["batch"]))
        rows.append(
            {
                "system": f"diffusion-{chosen.cpu_seconds:g}",
                "seed": seed,
                "cpu_seconds": round(used, 1),
                "parameters": card["parameters"],
                "seen": seen,
                "seconds_a_picture": round(drawing.seconds / len(drawn), 4),
                "size": chosen.size,
                "options": chosen.options,
                "sampling": chosen.sampling,
                "load": load_average(),
                **ranks(drawn, pixels, picked),
            }
        )
        sheet = Image.new("RGB", (20 * 34, 5 * 34), "white")
        for place, values in enumerate(drawn[:100]):
            sheet.paste(to_image(values), (place % 20 * 34, place // 20 * 34))
        sheet.save(Path(__file__).parent / "results" / f"icons-{chosen.cpu_seconds:g}.png")
    keep("icons", rows, {"prompts": PROMPTS, "icons": len(pixels)})
    print(table(rows, COLUMNS))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
