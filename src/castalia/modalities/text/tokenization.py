"""Text to token numbers and back: by symbols of a fixed alphabet, or by byte pairs that can write anything.

Byte-level byte-pair encoding: Sennrich et al. 2016, over bytes as in GPT-2 (Radford et al. 2019). A tokenizer's whole
state is JSON, kept in the artifact's ``config.json``.
"""

import importlib
import json
import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Protocol

from castalia.core.errors import BadRequest, MissingExtra
from castalia.modalities.text.molecules import Content, symbols_of

SMALLEST_VOCABULARY, LARGEST_VOCABULARY = 512, 32_768


class Tokenizer(Protocol):
    """Numbers from 0 to ``size`` - 1 for pieces of text."""

    @property
    def size(self) -> int:
        """How many different tokens there are."""
        ...

    def encode(self, text: str) -> list[int]:
        """The tokens of a text. Raises BadRequest for text that it cannot write."""
        ...

    def writable(self, text: str) -> str:
        """The text without what it cannot write."""
        ...

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that are no UTF-8 become U+FFFD."""
        ...

    def config(self) -> dict[str, object]:
        """JSON-ready data for `restore`."""
        ...


class Symbols:
    """One token for each symbol of an alphabet: characters, or the atoms of molecules."""

    def __init__(self, alphabet: tuple[str, ...], content: Content = "prose") -> None:
        self.alphabet = alphabet
        self.content: Content = content
        self._numbers = {symbol: number for number, symbol in enumerate(alphabet)}

    @classmethod
    def of(cls, texts: Iterable[str], content: Content = "prose") -> "Symbols":
        """The alphabet of these texts, in the order of code points."""
        found: set[str] = set()
        for text in texts:
            found.update(symbols_of(text, content))
        return cls(tuple(sorted(found)), content)

    @property
    def size(self) -> int:
        """The length of the alphabet."""
        return len(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """Raises BadRequest that names every symbol outside the alphabet."""
        symbols = symbols_of(text, self.content)
        unknown = sorted({symbol for symbol in symbols if symbol not in self._numbers})
        if unknown:
            shown = ", ".join(repr(symbol) for symbol in unknown[:10])
            raise BadRequest(
                f"The model has never seen {shown}: it writes with {self.size} symbols only.",
                hint="Leave these out of the beginning, or train with --data tokenizer=bpe, which can write anything.",
            )
        return [self._numbers[symbol] for symbol in symbols]

    def writable(self, text: str) -> str:
        """The text without symbols outside the alphabet."""
        return "".join(symbol for symbol in symbols_of(text, self.content) if symbol in self._numbers)

    def decode(self, tokens: Iterable[int]) -> str:
        """The symbols side by side."""
        return "".join(self.alphabet[token] for token in tokens)

    def config(self) -> dict[str, object]:
        """The alphabet."""
        return {"kind": "symbols", "alphabet": list(self.alphabet), "content": self.content}


class BytePairs:
    """Byte-level BPE by the ``tokenizers`` library."""

    def __init__(self, state: str) -> None:
        self._state = state

    @classmethod
    def of(cls, texts: list[str], vocabulary: int) -> "BytePairs":
        """Learnt from these texts. Raises MissingExtra."""
        library = _load()
        made = library.Tokenizer(library.models.BPE())
        made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = library.decoders.ByteLevel()
        alphabet = library.pre_tokenizers.ByteLevel.alphabet()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False, min_frequency=3
        )
        made.train_from_iterator(texts, trainer)
        return cls(made.to_str())

    @cached_property
    def _tokenizer(self) -> Any:
        return _load().Tokenizer.from_str(self._state)

    @property
    def size(self) -> int:
        """Byte pairs learnt, the 256 single bytes included."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Never fails: any text is bytes."""
        return list(self._tokenizer.encode(text).ids)

    def writable(self, text: str) -> str:
        """All of it: any byte is a token."""
        return text

    def decode(self, tokens: Iterable[int]) -> str:
        """Bytes joined and read as UTF-8."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False))

    def config(self) -> dict[str, object]:
        """The library's own JSON."""
        return {"kind": "bpe", "state": json.loads(self._state)}


def vocabulary_for(size: int) -> int:
    """Byte pairs worth learning from ``size`` bytes: the power of two near 1.5 sqrt(size), 512 to 32,768.

    So each token is seen often enough: about 500 times in a megabyte, 3,000 times in a hundred.
    """
    wanted = 2 ** round(math.log2(1.5 * math.sqrt(max(size, 1))))
    return min(LARGEST_VOCABULARY, max(SMALLEST_VOCABULARY, wanted))


def restore(config: dict[str, Any]) -> Tokenizer:
    """The tokenizer that `Tokenizer.config` described."""
    if config["kind"] == "bpe":
        return BytePairs(json.dumps(config["state"]))
    return Symbols(tuple(config["alphabet"]), config["content"])


def _load() -> Any:
    try:
        return importlib.import_module("tokenizers")
    except ModuleNotFoundError:
        raise MissingExtra(
            "Byte pairs need tokenizers, which is not installed.", hint="pip install 'castalia[train]'"
        ) from None
