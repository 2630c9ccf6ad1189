"""The views of text that families learn: one long stream of tokens, or items: short lines, or requests with answers."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.representation import Conditions, Tokens
from castalia.modalities.text.molecules import Content
from castalia.modalities.text.tokenization import Tokenizer, restore

PADDING, BREAK = 0, 1
"""Token numbers before the tokenizer's own: the end of an item, and the border between two documents of a stream."""

WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 5_000
"""Words of requests that are remembered, the frequent ones first."""

MANY_DOCUMENTS = 8
"""From so many documents on a stream model knows how a document begins and ends."""


@dataclass(frozen=True)
class TextRepresentation:
    """Tokens: 0 padding, 1 the border of documents (streams), then those of the tokenizer.

    A stream is learnt in windows of ``length`` tokens; items are at most ``length`` - 1 tokens long, so that each of
    them ends. ``documents`` is how many there were. ``asked`` holds the words of requests where each item begins with
    one, on a line of its own; it is empty where nothing asks for items.
    """

    tokenizer: Tokenizer
    length: int
    stream: bool
    documents: int = 1
    content: Content = "prose"
    name: str = "tokens"
    conditions: Conditions | None = None
    asked: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The number of the tokenizer's first token."""
        return BREAK + 1 if self.stream else PADDING + 1

    @property
    def layout(self) -> Tokens:
        """Tokens (length,), padded with zeros, or a stream."""
        return Tokens(vocabulary=self.first + self.tokenizer.size, length=self.length, stream=self.stream)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Token numbers (n,), without padding or borders."""
        return np.asarray(self.tokenizer.encode(text), dtype=np.int64) + self.first

    def decode(self, tokens: NDArray[np.generic]) -> str:
        """The text of token numbers; paddings are nothing, borders a blank line."""
        values = np.asarray(tokens, dtype=np.int64)
        if not self.stream:
            return self.tokenizer.decode((values[values >= self.first] - self.first).tolist())
        pieces = np.split(values, np.flatnonzero(values < self.first))
        texts = [self.tokenizer.decode((piece[piece >= self.first] - self.first).tolist()) for piece in pieces]
        return "\n\n".join(text for text in texts if text)

    def joined(self, documents: list[str]) -> NDArray[np.int64]:
        """The documents as one stream, a border before each when there are several."""
        border = np.asarray([BREAK] if len(documents) > 1 else [], dtype=np.int64)
        return np.concatenate([piece for text in documents for piece in (border, self.encode(text))])

    def padded(self, items: list[str]) -> NDArray[np.int64]:
        """The items (n, length), padded."""
        data = np.full((len(items), self.length), PADDING, dtype=np.int64)
        for row, item in enumerate(items):
            tokens = self.encode(item)
            data[row, : len(tokens)] = tokens
        return data

    def config(self) -> dict[str, object]:
        """JSON-ready; `restored` reads it."""
        return {
            "name": self.name,
            "tokenizer": self.tokenizer.config(),
            "length": self.length,
            "stream": self.stream,
            "documents": self.documents,
            "content": self.content,
            "asked": list(self.asked),
        }


def restored(config: dict[str, object]) -> TextRepresentation:
    """The representation that `TextRepresentation.config` described. Raises KeyError, TypeError for anything else."""
    values = cast("dict[str, Any]", config)
    return TextRepresentation(
        tokenizer=restore(values["tokenizer"]),
        length=int(values["length"]),
        stream=bool(values["stream"]),
        documents=int(values["documents"]),
        content=values["content"],
        asked=tuple(values.get("asked", ())),
    )


def words_asked(items: list[str]) -> tuple[str, ...]:
    """The words of the first lines of items, in lower case and in order of the alphabet."""
    counts = Counter(word for item in items for word in WORD.findall(item.partition("\n")[0].lower()))
    return tuple(sorted(word for word, _ in counts.most_common(MOST_WORDS)))
