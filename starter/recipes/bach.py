"""A folder of Bach's chorales to measure those of the starter model `chorales` against. No shipped model learns it.

    python starter/recipes/bach.py                              (pip downloads the wheel)
    python starter/recipes/bach.py --wheel music21-10.5.1-py3-none-any.whl --out bach/

They come from the corpus in PyPI's `music21`; `measures/chorales.py` takes the folder as ``--reference``.

Kept are scores of exactly four parts, named soprano, alto, tenor and bass; of versions of one chorale that share most
of their notes the first.

Licence. The chorales themselves are in the public domain (Bach died in 1750). Their encodings are not under a stated
open licence: the software music21 is BSD-3-Clause, and its ``corpus/license.txt`` says that the corpus is distributed
"with the permission of the encoders" and that "some encodings included in the corpus may not be used for commercial
uses or have other restrictions: please see the licenses embedded in individual compositions". The chorales' files embed
no licence but, in 361 of 410, the credit "PDF (c) 2004 (four: 2003) Margaret Greentree" (jsbchorales.net), in 337 of
them with "used by permission"; `credits_of` counts them. No file of the corpus is kept in the model or in this
repository.
"""

import argparse
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from castalia.modalities.music.musicxml import read_musicxml
from castalia.modalities.music.notation import write_musicxml
from castalia.modalities.music.piece import PART, PITCH, START, Piece
from castalia.modalities.music.representation import at_home

PACKAGE = "music21==10.5.1"
SHA256 = "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1"
CORPUS = re.compile(r"music21/corpus/bach/[^/]+\.(mxl|xml)$")
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
METRES = {(4, 4), (3, 4)}
ALIKE = 0.6
"""Share of notes (start, pitch class, voice; all in one key) by which two scores are versions of one chorale."""


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="the wheel, when it is here already")
    parser.add_argument("--out", type=Path, default=Path("bach"), help="folder to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel or downloaded(Path(folder))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
            sys.exit(f"{wheel} is not the wheel of {PACKAGE} that this recipe was written for")
        scores = scores_of(wheel)
    for credit, count in credits_of(scores).most_common():
        print(f"{count:4} files: {credit}")
    pieces = four_part(scores)
    kept = different(pieces)
    print(f"{len(scores)} scores, {len(pieces)} of four parts, {len(kept)} different")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for piece in kept:
        (arguments.out / f"{Path(piece.name).stem}.musicxml").write_bytes(write_musicxml(piece))


def downloaded(folder: Path) -> Path:
    """The wheel, by pip."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def scores_of(wheel: Path) -> dict[str, bytes]:
    """The scores of Bach's chorales by file name."""
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if CORPUS.match(name))
        return {Path(name).name: archive.read(name) for name in names}


def credits_of(scores: dict[str, bytes]) -> Counter[str]:
    """What the files say of rights, with the number of files that do."""
    told: Counter[str] = Counter()
    for data in scores.values():
        words = re.findall(r"<(?:credit-words|rights)[^>]*>([^<]+)<", _xml(data))
        told.update({" ".join(one.split()) for one in words if re.search("©|opyright|permission|icen[cs]e", one)})
        told.update(["(no credit)"] if not any(re.search("©|opyright|icen[cs]e", one) for one in words) else [])
    return told


def four_part(scores: dict[str, bytes]) -> list[Piece]:
    """Those for soprano, alto, tenor and bass alone, in usual metres."""
    pieces = [read_musicxml(data, name) for name, data in scores.items()]
    return [piece for piece in pieces if tuple(part.name for part in piece.parts) == VOICES and piece.metre in METRES]


def different(pieces: list[Piece]) -> list[Piece]:
    """The first of each group of pieces that share most of their notes, in whatever key."""
    kept: list[tuple[Piece, set[tuple[int, int, int]]]] = []
    for piece in pieces:
        notes = at_home(piece).notes
        rows = np.stack([np.rint(4 * notes[:, START]), notes[:, PITCH] % 12, notes[:, PART]], axis=1).astype(int)
        mine = {(int(start), int(pitch), int(part)) for start, pitch, part in rows}
        if all(len(mine & other) < ALIKE * min(len(mine), len(other)) for _, other in kept):
            kept.append((piece, mine))
    return [piece for piece, _ in kept]


def _xml(data: bytes) -> str:
    if data[:2] != b"PK":
        return data.decode("utf-8")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(one for one in archive.namelist() if not one.startswith("META-INF"))
        return archive.read(name).decode("utf-8")


if __name__ == "__main__":
    main()
