"""Files of music: which there are, and the pieces in them."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from castalia.core.errors import CastaliaError, MissingExtra, UnsupportedInput
from castalia.modalities.folders import Item, Listing, list_folder
from castalia.modalities.music.abc import read_abc
from castalia.modalities.music.midi import read_midi
from castalia.modalities.music.musicxml import read_musicxml
from castalia.modalities.music.options import MusicData
from castalia.modalities.music.piece import Piece
from castalia.modalities.music.spec import SPEC

FEWEST = 16
"""Fewer pieces than this are no style."""


@dataclass
class Read:
    """The pieces of a source, and why some files gave none."""

    listing: Listing
    pieces: list[Piece] = field(default_factory=list[Piece])
    bad: dict[str, str] = field(default_factory=dict[str, str])


def files_of(source: Path, options: MusicData) -> Listing:
    """The music files of a folder, or the one file."""
    if source.is_dir():
        return list_folder(source, SPEC.suffixes, "none", options.max_items)
    listing = Listing(source)
    if source.is_file():
        listing.items = [Item(source, source.name, None)]
    return listing


def read_all(source: Path, options: MusicData) -> Read:
    """Every piece. Raises MissingExtra; what cannot be read is in ``bad``."""
    found = Read(files_of(source, options))
    for item in found.listing.items:
        try:
            found.pieces += read_file(item.path)
        except MissingExtra:
            raise
        except CastaliaError as error:
            found.bad[item.name] = error.message
        except OSError as error:
            found.bad[item.name] = f"cannot be read: {error.strerror}"
    return found


def read_file(path: Path) -> list[Piece]:
    """The pieces of one file. Raises UnsupportedInput, MissingExtra."""
    state = path.stat()
    return list(_pieces(path, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=20_000)
def _pieces(path: Path, changed: int, size: int) -> tuple[Piece, ...]:  # noqa: ARG001 - they tell one state of a file
    """A file is looked through before the training and learnt from later: it is parsed once."""
    if path.suffix.lower() == ".abc":
        return tuple(read_abc(path.read_bytes(), path.name))
    return (read_music(path.read_bytes(), path.name),)


def read_music(data: bytes, name: str = "") -> Piece:
    """The piece in the bytes of a MIDI or MusicXML file. Raises UnsupportedInput, MissingExtra."""
    if data[:4] == b"MThd":
        return read_midi(data, name)
    if data[:2] == b"PK" or data.lstrip()[:1] == b"<":
        return read_musicxml(data, name)
    raise UnsupportedInput(f"{name or 'The file'} is neither MIDI nor MusicXML.", hint="Give one of these.")
