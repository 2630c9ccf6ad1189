"""Class-conditional Fashion-MNIST at equal processor time: our families through our own training, and their peers.

    python benchmarks/fashion.py --cpu-seconds 600 --seed 1 2 3        (three and a half hours)

Needs the data: `apt-get install dataset-fashion-mnist`. Writes results/fashion-SECONDS.json and a sheet of the first
pictures of each contender beside it. One thread throughout. What the file has already is not run again (but with
--again), so that a run can be spread over several calls.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
from pathlib import Path

import diffusers
import numpy as np
import torch
from PIL import Image

from castalia.core.contracts import Encoded
from castalia.core.plugins import families, resolve
from castalia.families.artifact import read_config
from castalia.families.loading import load_learner
from castalia.modalities.asking import Askable
from castalia.modalities.classes import encode_labels
from castalia.modalities.image.representation import PixelRepresentation
from castalia.training import data as training_data
from castalia.training.plan import TrainingPlan
from castalia.training.runs import run_training
from fashion_gan import gan_peer
from fashion_measures import FOLDER, NAMES, Judge, Stopwatch, classifier, frechet, read
from fashion_peers import diffusers_peer, vae_peer

RESULTS = Path(__file__).parent / "results"
OURS = ("diffusion", "gan", "vae")
PEERS = {"diffusers": "diffusion", "plain-gan": "gan", "plain-vae": "vae"}
"""Each with the family of ours whose number of parameters it gets, where it can have any."""
COLUMNS = ("frechet", "label_accuracy", "coverage", "parameters", "steps", "training_seconds", "sampling_seconds")


def train_ours(
    family: str, data: np.ndarray, labels: np.ndarray, seconds: float, options: dict[str, object], seed: int
):
    """A run of the product's own training on the encoded pictures; returns learner, facts."""
    representation = PixelRepresentation(28, 1, Askable(NAMES), "centre")
    conditions, known = encode_labels([NAMES[label] for label in labels], NAMES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = {"source": FOLDER, "modality": "image", "family": family, "name": "fashion", "threads": 1, "seed": seed}
        plan |= {"minutes": seconds / 60.0, "size": options.pop("size", "small"), "family_options": options}
        TrainingPlan.model_validate(plan).write(folder)
        facts: dict[str, object] = {"representation": representation.config(), "facts": {"items": len(data)}}
        training_data.keep(folder, Encoded(data, conditions, known), facts)
        run_training(folder, lambda event: print(event.message, file=sys.stderr), threading.Event())
        config = read_config(folder / "artifact")
        learner = load_learner(folder / "artifact", config)
        torch.set_num_threads(1)
        card = json.loads((folder / "artifact" / "card.json").read_text())
    figures, training = card["figures"], config.training
    facts = {name: figures[name] for name in ("parameters", "steps", "training_seconds") if name in figures}
    facts |= {
        "weights": training["weights"],
        "execution": training["execution"],
        "held_out": figures.get("held_out_loss"),
    }
    derived = {name: value for name, value in config.family_config.items() if not isinstance(value, list)}
    return learner, facts | {"derived": derived}


def draw_ours(learner, family: str, wanted: np.ndarray, sampling: dict[str, object]) -> np.ndarray:
    """Pictures of the wanted classes, drawn with the family's defaults but for ``sampling``."""
    vectors, known = encode_labels([NAMES[label] for label in wanted], NAMES)
    spec = families().spec(family)
    options = resolve(spec.sampling_options).model_validate(sampling) if spec.sampling_options else None
    generator = torch.Generator().manual_seed(0)
    pieces = [
        learner.sample(len(part), part, seen, generator, options)
        for part, seen in zip(torch.from_numpy(vectors).split(250), torch.from_numpy(known).split(250), strict=True)
    ]
    return torch.cat(pieces).numpy()


def sheet(pictures: np.ndarray, path: Path) -> None:
    """The first 80 pictures, ten a row: one column a class."""
    grid = pictures[:80, 0].reshape(8, 10, 28, 28).transpose(0, 2, 1, 3).reshape(8 * 28, 280)
    Image.fromarray(np.uint8(np.clip((grid + 1.0) * 127.5, 0, 255))).resize((840, 672), Image.Resampling.NEAREST).save(
        path
    )


def peer(
    name: str, data: np.ndarray, labels: np.ndarray, seconds: float, parameters: float, wanted: np.ndarray, seed: int
) -> tuple[np.ndarray, dict[str, object]]:
    """Pictures and facts of a peer."""
    if name == "diffusers":
        return diffusers_peer(data, labels, seconds, parameters, wanted, seed)
    if name == "plain-gan":
        return gan_peer(data, labels, seconds, parameters, wanted, seed)
    return vae_peer(data, labels, seconds, wanted, seed)


def medians(contenders: dict[str, dict[str, float]]) -> str:
    """A line for each contender: medians over its seeds."""
    lines = ["\t".join(("contender", "seeds", *COLUMNS))]
    for name in sorted({label.partition(" seed=")[0] for label in contenders}):
        runs = [facts for label, facts in contenders.items() if label.partition(" seed=")[0] == name]
        cells = [f"{statistics.median(one[column] for one in runs):.4g}" for column in COLUMNS]
        lines.append("\t".join((name, str(len(runs)), *cells)))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu-seconds", type=float, default=600.0)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=[*OURS, *PEERS], help="contenders to run")
    parser.add_argument("--options", default="{}", help="JSON of options for our families, size among them")
    parser.add_argument("--sampling", default="[{}]", help="JSON list of sampling options to compare")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="seeds of the trainings, ours and theirs")
    parser.add_argument("--again", action="store_true", help="measure those too that the file has already")
    parser.add_argument("--name", default="", help="name for the result file instead of the seconds")
    arguments = parser.parse_args()
    if not FOLDER.is_dir():
        print(f"{FOLDER} is absent: apt-get install dataset-fashion-mnist", file=sys.stderr)
        return 1
    torch.set_num_threads(1)
    data, labels = read("train")
    test, _ = read("t10k")
    net, digest = classifier(data, labels)
    judge = Judge(net, net.features(test))
    path = RESULTS / f"fashion-{arguments.name or round(arguments.cpu_seconds)}.json"
    result = json.loads(path.read_text()) if path.is_file() else {"contenders": {}}
    wanted = np.arange(arguments.samples) % len(NAMES)
    chosen = np.random.default_rng(0).choice(len(data), arguments.samples, replace=False)
    result |= {
        "command": "python benchmarks/fashion.py " + " ".join(sys.argv[1:]),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread used",
        "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__},
        "classifier": digest,
        "samples": arguments.samples,
        "floor": {"frechet": round(frechet(net.features(data[chosen]), judge.real), 3)}
        | {"note": "as many training pictures against the test split"},
        "real": judge.measures(data[chosen], labels[chosen]),
    }

    def note(name: str, pictures: np.ndarray, facts: dict[str, object]) -> None:
        facts = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in facts.items()}
        result["contenders"][name] = judge.measures(pictures, wanted) | {"load": os.getloadavg()[0]} | facts
        print(json.dumps({name: result["contenders"][name]}), flush=True)
        sheet(pictures, path.with_name(f"{path.stem}-{name.partition(' seed=')[0]}.png"))
        path.write_text(json.dumps(result, indent=2) + "\n")

    for seed in arguments.seed:
        for name in [one for one in (*OURS, *PEERS) if one in arguments.only]:
            ending = f" seed={seed}"
            if name + ending in result["contenders"] and not arguments.again:
                print(f"{name}{ending} is there already", file=sys.stderr)
                continue
            watch = Stopwatch()
            if name in PEERS:
                equal = result["contenders"].get(PEERS[name] + ending, {}).get("parameters", 1_000_000.0)
                note(name + ending, *peer(name, data, labels, arguments.cpu_seconds, equal, wanted, seed))
            elif name in families().specs():
                options = json.loads(arguments.options) if name == "diffusion" else {}
                learner, facts = train_ours(name, data, labels, arguments.cpu_seconds, options, seed)
                facts["all_seconds"] = watch.seconds
                for sampling in json.loads(arguments.sampling) if name == "diffusion" else [{}]:
                    watch = Stopwatch()
                    pictures = draw_ours(learner, name, wanted, sampling)
                    label = name + ending + "".join(f" {key}={value}" for key, value in sampling.items())
                    note(label, pictures, facts | {"sampling_seconds": watch.seconds})
    print(medians(result["contenders"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
