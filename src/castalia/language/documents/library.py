"""The library of a home: files become documents that can be searched, and are replaced, skipped and deleted."""

import hashlib
import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from castalia.core.assets import SENTENCE_VECTORS, SOURCES
from castalia.core.contracts import Array
from castalia.core.errors import BadRequest, CastaliaError, NotFound, UnsupportedInput
from castalia.core.events import Progress
from castalia.core.filters import Filter
from castalia.core.requests import new_id
from castalia.language.documents.chunking import chunks_of
from castalia.language.documents.formats import suffixes
from castalia.language.documents.reading import Reader
from castalia.language.documents.searching import search
from castalia.language.documents.shelf import Collection, Document, Passage, Shelf
from castalia.modalities.sentences import SentenceEncoder

DEFAULT = "documents"
"""The collection that is meant when none is named."""
LONGEST = 256
"""Tokens of a passage, with title and headings, that its vector reads."""
BATCH = 16
"""Passages between two lines of progress."""
MOST_TEXT = 20_000_000
"""Characters of a document that are taken in."""


class Added(BaseModel):
    """What became of one file: ``state`` is ``added``, ``replaced``, ``unchanged`` or ``failed`` with ``error``."""

    event: str = "added"
    name: str
    state: str
    document: Document | None = None
    error: dict[str, object] | None = None


@dataclass
class Source:
    """A file to take in: where it lies, the name that it is kept under, the name that tells its format."""

    path: Path
    name: str
    label: str
    details: dict[str, object]


class Library:
    """Documents of one database, with the sentence vectors in ``folder``; None: they are not here yet."""

    def __init__(self, shelf: Shelf, folder: Path | None) -> None:
        self.shelf = shelf
        self._folder = folder

    def collection(self, name: str, *, create: bool = False) -> Collection:
        """The collection of that name or id, made when ``create`` says so. Raises NotFound."""
        if create and not any(name in {one.name, one.id} for one in self.shelf.collections()):
            if not name.strip() or len(name) > 200:
                raise BadRequest("A collection's name has 1 to 200 characters.", hint="Choose another one.")
            return self.shelf.create(name)
        return self.shelf.collection(name)

    def add(self, sources: Iterable[Source], collection: Collection) -> Generator[Progress | Added]:
        """Take files in, one by one. An unchanged one is skipped, a changed one replaces its former self.

        A file that cannot be read is told as ``failed`` and does not hold up the others; what a kill interrupts stays
        as it was. Raises NotFound when the sentence vectors are not here.
        """
        files = list(sources)
        _ = self.encoder
        with Reader() as reader:
            for number, source in enumerate(files):
                yield Progress(message=source.label, fraction=number / len(files))
                try:
                    yield from self._one(reader, source, collection, number, len(files))
                except CastaliaError as error:
                    if error.exit_status != 1:
                        raise
                    yield Added(name=source.name, state="failed", error=error.as_dict())

    def _one(
        self, reader: Reader, source: Source, collection: Collection, number: int, total: int
    ) -> Generator[Progress | Added]:
        before = self.shelf.document(collection, source.name)
        if not source.path.is_file():
            raise NotFound(f"There is no file {source.path}.", hint="Check the path.")
        digest = _digest(source.path)
        if before is not None and before.digest == digest:
            yield Added(name=source.name, state="unchanged", document=before)
            return
        content = yield from reader.reading(source.path, source.label, number / total)
        if len(content.text) > MOST_TEXT:
            raise UnsupportedInput(
                f"{source.label} holds {len(content.text):,} characters; {MOST_TEXT:,} is the limit.", hint="Split it."
            )
        passages = list(chunks_of(content, self.encoder.count))
        rows: list[Array] = []
        title = content.title or Path(source.label).stem
        for start in range(0, len(passages), BATCH):
            part = passages[start : start + BATCH]
            rows.append(self.encode([_with_context(title, one.heading, one.text) for one in part]))
            done = (number + (start + len(part)) / len(passages)) / total
            yield Progress(message=source.label, fraction=done, values={"passages": float(start + len(part))})
        details = {**source.details, **({"notes": content.notes} if content.notes else {})}
        document = Document(
            id=new_id("doc"),
            collection=collection.id,
            name=source.name,
            digest=digest,
            created=datetime.now(UTC),
            format=content.format,
            title=title,
            size=source.path.stat().st_size,
            details=details,
        )
        vectors = np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)
        kept = self.shelf.put(collection, document, content, passages, vectors)
        yield Added(name=source.name, state="added" if before is None else "replaced", document=kept)

    def remove(self, collection: Collection, name: str) -> Document:
        """Delete a document by name, file name or id. Raises NotFound, BadRequest for a file name that several have."""
        document = self.shelf.document(collection, name) or self.shelf.document(collection, str(Path(name).resolve()))
        if document is None:
            alike = [one for one in self.shelf.documents(collection) if Path(one.name).name == name]
            if len(alike) > 1:
                raise BadRequest(f"{len(alike)} documents are named {name}.", hint="Give the whole path.")
            document = alike[0] if alike else None
        if document is None:
            raise NotFound(f"{collection.name} holds no document {name}.", hint="castalia documents list shows them.")
        self.shelf.remove(collection, document)
        return document

    def search(
        self, collections: Sequence[Collection], question: str, most: int = 10, filters: Filter | None = None
    ) -> list[Passage]:
        """The best passages of all these collections, best first. Raises NotFound when the vectors are not here."""
        found = [one for each in collections for one in search(self.shelf, each, question, self.encode, most, filters)]
        return sorted(found, key=lambda one: -one.score)[:most]

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The sentence vectors. Raises NotFound with the command that brings them."""
        if self._folder is None:
            raise NotFound(
                "Documents need the sentence vectors, which are not here yet.",
                hint=f"castalia pull {SOURCES[SENTENCE_VECTORS]}",
            )
        return SentenceEncoder(self._folder, LONGEST)

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors (n, 384)."""
        rows = self.encoder.encode(texts)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sources_of(paths: Sequence[str | Path]) -> list[Source]:
    """The files of these paths, folders walked for kinds that can be read. Raises NotFound, BadRequest."""
    found: list[Source] = []
    for one in paths:
        path = Path(one).expanduser()
        if not path.exists():
            raise NotFound(f"There is no file or folder {path}.", hint="Check the path.")
        if path.is_file():
            found.append(_source(path))
            continue
        inside = [
            Path(folder) / name
            for folder, _, names in os.walk(path)
            for name in sorted(names)
            if Path(name).suffix.lower() in suffixes() and not name.startswith(".")
        ]
        if not inside:
            raise BadRequest(f"{path} holds no file of a kind that can be read.", hint=f"These can: {_kinds()}.")
        found += [_source(file) for file in inside]
    return list({source.name: source for source in found}.values())


def _source(path: Path) -> Source:
    return Source(path.resolve(), str(path.resolve()), path.name, {})


def _kinds() -> str:
    return ", ".join(sorted(suffixes()))


def _with_context(title: str, heading: str, text: str) -> str:
    """The text as its vector reads it; what its first words repeat is not said twice."""
    context = [one for one in dict.fromkeys((title, heading)) if one and not text.startswith(one)]
    return "\n".join([*context, text])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
