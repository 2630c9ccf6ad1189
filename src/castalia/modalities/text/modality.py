"""The text modality as something to train: files of text become tokens, and tokens become text."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Representation, Sample, Sampler, Survey
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.text import figures, fingerprints, generation, surveying
from castalia.modalities.text.molecules import Content
from castalia.modalities.text.options import TextData
from castalia.modalities.text.reading import (
    LONGEST_ITEM,
    Listing,
    by_lines,
    documents_of,
    files_of,
    lines_of,
    read,
    refuse,
    requests_of,
)
from castalia.modalities.text.representation import TextRepresentation, restored, words_asked
from castalia.modalities.text.spec import SPEC
from castalia.modalities.text.surveying import FEWEST_CHARACTERS, FEWEST_ITEMS
from castalia.modalities.text.tokenization import BytePairs, Symbols, Tokenizer, vocabulary_for

MOST_SYMBOLS = 200
"""Characters are learnt one by one up to so many different ones ..."""
MOST_CHARACTERS = 2_000_000
"""... in texts up to this length: longer ones have enough of each byte pair to learn, and are read faster by them."""
LONGEST_ANSWER = 1_024
"""Tokens of the longest request with its answer, where ``context`` does not say."""
SHOWN = 12
"""Samples in a preview."""


class TextModality:
    """Text as tokens. Implements `castalia.core.contracts.Modality`."""

    def recognises(self, source: Path) -> float:
        """The share of visible files that are text; a single text file is likely one."""
        texts, others = files_of(source)
        if source.is_file():
            return 0.9 if source.suffix.lower() in SPEC.suffixes else 0.0
        return 0.9 * len(texts) / max(1, len(texts) + len(others))

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Read everything and report every problem at once."""
        return surveying.survey(source, _data_options(options))

    def data_options(self) -> type[BaseModel]:
        """How files of text become a training set."""
        return TextData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "tokens") -> tuple[TextRepresentation, Encoded]:  # noqa: ARG002 - one kind
        """A stream (n,) of all documents, or items (n, length), a line each or a request with its answer.

        Raises DatasetError with all unreadable files unless ``skip_bad``, and for too little text; MissingExtra.
        """
        chosen = _data_options(options)
        listing = read(source, chosen)
        problems = [] if chosen.skip_bad else [f"{name} {reason}" for name, reason in listing.bad.items()]
        if by_lines(listing, chosen):
            return _fit_lines(listing, chosen, problems)
        if chosen.items == "requests":
            return _fit_requests(listing, chosen, problems)
        documents = documents_of(listing)
        size = sum(map(len, documents))
        if size < FEWEST_CHARACTERS:
            problems.append(f"{size} characters are too short: at least {FEWEST_CHARACTERS} are needed")
        if problems:
            raise refuse(problems)
        tokenizer = _tokenizer(documents, "prose", chosen)
        draft = TextRepresentation(tokenizer, 8, stream=True, documents=len(documents))
        data = draft.joined(documents)
        length = chosen.context or _context(len(data))
        return TextRepresentation(tokenizer, length, stream=True, documents=len(documents)), Encoded(data)

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Other texts as tokens of a representation, as a stream, by lines or by requests as it is.

        Symbols that it has not learnt are left out, and so are items that are too long for it.
        """
        view, chosen = _tokens(representation), _data_options(options)
        listing = read(source, chosen)
        problems = [] if chosen.skip_bad else [f"{name} {reason}" for name, reason in listing.bad.items()]
        if view.asked:
            texts = requests_of(listing)[0]
        else:
            texts = documents_of(listing) if view.stream else lines_of(listing, chosen)
        texts = [text for text in map(view.tokenizer.writable, texts) if text.strip()]
        if not view.stream:
            texts = [text for text in texts if len(view.tokenizer.encode(text)) < view.length]
        if not texts:
            problems.append("nothing in it can be written with the symbols that the model has learnt")
        if problems:
            raise refuse(problems)
        return Encoded(view.joined(texts) if view.stream else view.padded(texts))

    def restore(self, config: dict[str, object]) -> TextRepresentation:
        """The representation that a model's ``config.json`` describes."""
        return restored(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Hashes of runs of the stream, or of the items, see `fingerprints`."""
        return fingerprints.fingerprints(_tokens(representation), data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Pieces of one text, see `generation`."""
        return generation.generate(_tokens(representation), sampler, request)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """The first samples as text: of a stream or of answers a few of them under dashes, of items one a line."""
        tokens = _tokens(representation)
        texts = [tokens.decode(row) for row in np.asarray(data)]
        text = "\n-----\n".join(texts[:SHOWN]) if tokens.stream or tokens.asked else "\n".join(texts)
        return Sample(text.encode(), "text/plain", {"count": len(texts)})

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """Alphabet, runs of symbols and words against held-out text, see `figures`."""
        return figures.training_figures(_tokens(representation), real, synthetic)


def _fit_lines(listing: Listing, options: TextData, problems: list[str]) -> tuple[TextRepresentation, Encoded]:
    items = lines_of(listing, options)
    if len(items) < FEWEST_ITEMS:
        problems.append(f"{len(items)} different lines are too few: at least {FEWEST_ITEMS} are needed")
    long = sum(len(item) > LONGEST_ITEM for item in items)
    if long:
        problems.append(f"{long} lines are longer than {LONGEST_ITEM} characters: they are no short items")
    if problems:
        raise refuse(problems)
    tokenizer = _tokenizer(items, listing.content, options)
    longest = max(len(tokenizer.encode(item)) for item in items)
    representation = TextRepresentation(
        tokenizer, longest + 1, stream=False, documents=len(items), content=listing.content
    )
    return representation, Encoded(representation.padded(items))


def _fit_requests(listing: Listing, options: TextData, problems: list[str]) -> tuple[TextRepresentation, Encoded]:
    items, empty = requests_of(listing)
    problems += [f"{name} holds one line only: a request without its answer" for name in empty if not options.skip_bad]
    if len(items) < FEWEST_ITEMS:
        problems.append(f"{len(items)} different requests with answers are too few: at least {FEWEST_ITEMS} are needed")
    if problems:
        raise refuse(problems)
    tokenizer = _tokenizer(items, "prose", options)
    longest = max(len(tokenizer.encode(item)) for item in items)
    most = options.context or LONGEST_ANSWER
    if longest >= most:
        raise refuse([f"the longest request with its answer takes {longest + 1} tokens, of at most {most}"])
    representation = TextRepresentation(
        tokenizer, longest + 1, stream=False, documents=len(items), asked=words_asked(items)
    )
    return representation, Encoded(representation.padded(items))


def _tokenizer(texts: list[str], content: Content, options: TextData) -> Tokenizer:
    wanted = options.tokenizer
    alphabet = Symbols.of(texts, content if wanted in {"auto", "atoms"} else "prose")
    if wanted == "auto" and content == "prose":
        few = alphabet.size <= MOST_SYMBOLS and sum(map(len, texts)) <= MOST_CHARACTERS and options.vocabulary is None
        wanted = "characters" if few else "bpe"
    if wanted == "bpe":
        return BytePairs.of(texts, options.vocabulary or vocabulary_for(sum(len(text.encode()) for text in texts)))
    return alphabet


def _context(tokens: int) -> int:
    """Tokens of a window: the power of two near a sixty-fourth of the stream, 16 to 256."""
    return int(2 ** round(math.log2(min(256, max(16, tokens / 64)))))


def _data_options(options: BaseModel) -> TextData:
    return options if isinstance(options, TextData) else TextData.model_validate(options.model_dump())


def _tokens(representation: Representation) -> TextRepresentation:
    if not isinstance(representation, TextRepresentation):
        raise TypeError(f"{SPEC.name} is written from tokens, not from {representation.name}")
    return representation
