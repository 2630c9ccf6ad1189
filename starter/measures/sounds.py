"""How good the starter model `sounds` is: kinds, realism, originality. Writes ``results/sounds.json``.

    python starter/recipes/sounds.py build/sounds
    python starter/measures/sounds.py build/sounds --model sounds                 (needs scikit-learn; a minute)

Every class is asked for in words ("the sound of a snare drum"), through the whole product, and nothing is picked out.

- **Kind**: a logistic regression on features of log-mel spectrograms, fitted on real sounds. ``ceiling`` is its share
  right on held-out recordings. The generator has seen what that judge was fitted on, so there is a second one, fitted
  on the held-out recordings alone, with its own share right on the training sounds.
- **Realism**: Fréchet distance between features of generated and of training sounds, beside that of held-out recordings
  and that of two random halves of the training sounds.
- **Originality**: distance to the nearest training sound over the usual distance among training sounds, which is small
  here, as they are variants of few recordings; beside it the same for held-out recordings. ``copies`` is the share
  that the product's own check flags.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors.numpy import load_file
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import castalia
from castalia.client.api import house
from castalia.judging.instant.audio import COPY
from castalia.modalities.audio.likeness import nearest_training, statistics
from castalia.modalities.audio.representation import MelRepresentation, restore
from castalia.modalities.audio.sheet import spectrogram
from castalia.modalities.likeness import averaging
from castalia.modalities.sound import decode
from castalia.modalities.wording import names_of

RESULTS = Path(__file__).parent / "results" / "sounds.json"
Array = NDArray[np.float32]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="what the recipe wrote: train/ and heldout/")
    parser.add_argument("--model", default="sounds")
    parser.add_argument("--count", type=int, default=16, help="sounds of each class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--sheet", type=Path, help="also a picture: per class two real, two held out, the rest made")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="of the generation")
    arguments = parser.parse_args()
    model = house().registry.get(arguments.model)
    view = restore(json.loads((model.folder / "config.json").read_text())["representation"])
    classes = sorted(path.name for path in (arguments.data / "train").iterdir())
    real, real_kinds = read(arguments.data / "train", classes, view)
    held, held_kinds = read(arguments.data / "heldout", classes, view)
    options = {name: float(value) for name, value in (pair.split("=") for pair in arguments.option)}
    made, made_kinds = generate(arguments, classes, view, options)
    figures = {
        "model": arguments.model,
        "command": " ".join(["python", *sys.argv]),
        "asked": f"{arguments.count} of each class, seed {arguments.seed}",
        "options": options,
        "family": model.family,
        "sounds": {"train": len(real), "held_out": len(held), "generated": len(made)},
        "kind": kinds((real, real_kinds), (held, held_kinds), (made, made_kinds), classes),
        "realism": realism(real, held, made),
        "originality": originality(load_file(model.folder / "fingerprints.safetensors"), held, made),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    if arguments.sheet:
        sheet([(real, real_kinds), (held, held_kinds), (made, made_kinds)], classes).save(arguments.sheet)


def read(folder: Path, classes: list[str], view: MelRepresentation) -> tuple[Array, NDArray[np.int64]]:
    """Spectrograms of all sounds of the classes, and the class of each."""
    files = [(path, kind) for kind, name in enumerate(classes) for path in sorted((folder / name).glob("*.wav"))]
    arrays = [view.encode(decode(path.read_bytes(), view.rate)[0]) for path, _ in files]
    return np.stack(arrays), np.array([kind for _, kind in files])


def generate(
    arguments: argparse.Namespace, classes: list[str], view: MelRepresentation, options: dict[str, float]
) -> tuple[Array, NDArray[np.int64]]:
    """What the model makes when asked in words, as spectrograms of the finished sounds."""
    arrays: list[Array] = []
    kinds: list[int] = []
    for kind, name in enumerate(classes):
        prompt = f"the sound of a {names_of(name)[0]}"
        wishes = {"model": arguments.model, "modality": "audio", "seed": arguments.seed, "count": arguments.count}
        for output in castalia.ask(prompt, **wishes, **options).outputs:
            samples = decode(output.read(), view.rate)[0]
            arrays.append(view.encode(samples * np.float32(0.9 / max(1e-6, float(np.abs(samples).max())))))
            kinds.append(kind)
    return np.stack(arrays), np.array(kinds)


def features(arrays: Array) -> Array:
    """Per sound: levels averaged to 16 bands x 16 moments, mean and spread of 40 bands, flatness and level."""
    size = arrays.shape
    small = np.einsum("kh,nhw,lw->nkl", averaging(size[1], 16), arrays, averaging(size[2], 16), optimize=True).reshape(
        len(arrays), -1
    )
    loud = arrays[:, :, : size[2] // 4]
    bands = averaging(size[1], 40)
    means, spreads = (loud.mean(axis=2) @ bands.T, loud.std(axis=2) @ bands.T)
    return np.concatenate([small, means, spreads, statistics(arrays)], axis=1).astype(np.float32)


def kinds(
    real: tuple[Array, NDArray[np.int64]],
    held: tuple[Array, NDArray[np.int64]],
    made: tuple[Array, NDArray[np.int64]],
    classes: list[str],
) -> dict[str, object]:
    """Shares right of the two judges."""
    judge = fitted(*real)
    told = judge.predict(features(made[0]))
    other = fitted(*held)
    held_told = judge.predict(features(held[0]))
    names = [names_of(name)[0] for name in classes]
    mistaken = {
        f"{names[one]} -> {names[two]}": int(np.sum((made[1] == one) & (told == two)))
        for one in range(len(names))
        for two in range(len(names))
        if one != two and np.sum((made[1] == one) & (told == two)) > 1
    }
    return {
        "accuracy": share(told == made[1]),
        "ceiling": share(held_told == held[1]),
        "by_the_judge_of_held_out_recordings": share(other.predict(features(made[0])) == made[1]),
        "that_judge_on_training_sounds": share(other.predict(features(real[0])) == real[1]),
        "by_class": {name: share(told[made[1] == kind] == kind) for kind, name in enumerate(names)},
        "ceiling_by_class": {name: share(held_told[held[1] == kind] == kind) for kind, name in enumerate(names)},
        "mistaken": mistaken,
    }


def fitted(arrays: Array, kinds: NDArray[np.int64]) -> Pipeline:
    """A judge of kinds."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.02, max_iter=400)).fit(features(arrays), kinds)


def realism(real: Array, held: Array, made: Array) -> dict[str, float]:
    """Fréchet distances on 24 principal components of the real features; lower is nearer."""
    scaler = StandardScaler().fit(features(real))
    project = PCA(24, random_state=0).fit(scaler.transform(features(real)))
    points, others, ours = (project.transform(scaler.transform(features(part))) for part in (real, held, made))
    order = np.random.default_rng(0).permutation(len(points))
    half = len(points) // 2
    return {
        "frechet": round(frechet(points, ours), 3),
        "frechet_of_held_out_recordings": round(frechet(points, others), 3),
        "frechet_between_halves": round(frechet(points[order[:half]], points[order[half:]]), 3),
    }


def frechet(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Of two normal distributions with the means and covariances of the rows."""
    one, two = np.cov(left.T), np.cov(right.T)
    roots = np.linalg.eigvals(one @ two)
    between = np.sqrt(np.clip(roots.real, 0.0, None)).sum()
    return float(np.sum((left.mean(0) - right.mean(0)) ** 2) + np.trace(one) + np.trace(two) - 2.0 * between)


def originality(prints: dict[str, NDArray[np.generic]], held: Array, made: Array) -> dict[str, float]:
    """Distance to the nearest training sound over the usual one, and the share flagged as copies."""
    ours, others = (np.array([nearest_training(one, prints).ratio for one in part]) for part in (made, held))
    return {
        "median_ratio": round(float(np.median(ours)), 3),
        "tenth_ratio": round(float(np.quantile(ours, 0.1)), 3),
        "copies": share(ours < COPY),
        "median_ratio_of_held_out_recordings": round(float(np.median(others)), 3),
        "copies_of_held_out_recordings": share(others < COPY),
    }


def share(right: NDArray[np.bool_]) -> float:
    """The mean as a short number."""
    return round(float(np.mean(right)), 3)


def sheet(parts: list[tuple[Array, NDArray[np.int64]]], classes: list[str]) -> Image.Image:
    """A row for each class: two training sounds, two held out, then those made."""
    picked = [[part[kinds == kind] for part, kinds in parts] for kind in range(len(classes))]
    width, height = parts[0][0].shape[2] + 4, parts[0][0].shape[1] + 14
    columns = max(4 + len(made) for *_, made in picked)
    page = Image.new("RGB", (columns * width, len(classes) * height))
    draw = ImageDraw.Draw(page)
    for row, (real, held, made) in enumerate(picked):
        draw.text((2, row * height), f"{names_of(classes[row])[0]}: real, real, held out, held out, made ...", "white")
        for column, array in enumerate([*real[[0, len(real) // 2]], *held[[0, len(held) // 2]], *made]):
            page.paste(spectrogram(array), (column * width, row * height + 12))
    return page


if __name__ == "__main__":
    main()
