"""Hashes of what a text model was trained on, and the longest run of it that a new text repeats.

Of a stream every run of 32 characters is hashed (letters in lower case, blanks made one) and those whose hash falls on
a multiple of ``sampling`` are kept: 32 bits each, at most about a quarter of a million. Two texts that share a long
run share the kept hashes within it, wherever it stands (Schleimer, Wilkerson and Aiken 2003, without their windows).
Of items the hash of each whole item is kept, of requests with answers the runs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.text.representation import TextRepresentation

RUN = 32
"""Characters of a run: five or six words."""
MOST = 250_000
BLOCK = 2_000_000
"""Characters hashed at a time."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True)
class Copied:
    """The longest run of a text that is in the training set: ``length`` in characters and the ``text`` of it.

    ``share`` is that of the text's runs of 32 characters which are.
    """

    length: int
    text: str
    share: float


def fingerprints(representation: TextRepresentation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """What an artifact keeps: ``runs`` (n,) uint32 and ``sampling`` (1,) of a stream, ``items`` (n,) uint64 else."""
    if representation.asked:
        text = normalised("\n".join(representation.decode(row) for row in np.asarray(data)))
    elif not representation.stream:
        return {"items": np.unique([item_hash(representation.decode(row)) for row in np.asarray(data)])}
    else:
        text = normalised(representation.decode(np.asarray(data).reshape(-1)))
    sampling = 8
    while len(text) // sampling > MOST:
        sampling *= 2
    kept: list[NDArray[np.uint64]] = []
    for start in range(0, len(text), BLOCK):
        hashes = run_hashes(text[start : start + BLOCK + RUN - 1])
        kept.append(hashes[hashes % np.uint64(sampling) == 0])
    return {"runs": np.unique(_short(np.concatenate(kept))), "sampling": np.asarray([sampling], dtype=np.int64)}


def longest_copy(text: str, prints: dict[str, NDArray[np.generic]]) -> Copied:
    """The longest run of ``text`` that the training stream behind ``prints`` holds; exact to about ``sampling``."""
    plain = normalised(text)
    hashes = run_hashes(plain)
    places = np.flatnonzero(hashes % np.uint64(int(prints["sampling"][0])) == 0)
    if not len(places):
        return Copied(0, "", 0.0)
    hits = np.isin(_short(hashes[places]), prints["runs"])
    best, place, start = 0, 0, None
    for where, hit in zip(places.tolist(), hits.tolist(), strict=True):
        start = (where if start is None else start) if hit else None
        if start is not None and where - start + RUN > best:
            best, place = where - start + RUN, start
    return Copied(best, plain[place : place + best], float(hits.mean()))


def copied_items(items: list[str], prints: dict[str, NDArray[np.generic]]) -> list[str]:
    """Those of the items that are training items, letter for letter."""
    return [item for item in items if item_hash(item) in prints["items"]]


def normalised(text: str) -> str:
    """Lower case, every stretch of blanks one space."""
    return " ".join(text.split()).casefold()


def run_hashes(text: str) -> NDArray[np.uint64]:
    """The hash of each run of 32 characters (n - 31,)."""
    count = len(text) - RUN + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    signs = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(RUN):
        hashes = hashes * _BASE + signs[offset : offset + count]
    return _mixed(hashes)


def item_hash(item: str) -> np.uint64:
    """The hash of a whole item."""
    value = np.zeros(1, dtype=np.uint64)
    for byte in item.strip().encode():
        value = value * _BASE + np.uint64(byte + 1)
    return _mixed(value)[0]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # a product of odd numbers mixes upwards only: fold the high bits down before the low ones are looked at
    values = (values ^ (values >> np.uint64(31))) * _MIX
    return values ^ (values >> np.uint64(29))


def _short(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (hashes >> np.uint64(32)).astype(np.uint32)
