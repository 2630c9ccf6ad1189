"""Sentences as vectors: near in meaning, near in direction (Reimers and Gurevych, Sentence-BERT, 2019)."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from castalia.core.assets import SENTENCE_VECTORS, asset
from castalia.core.contracts import Array
from castalia.core.errors import EngineError

WIDTH = 384
"""Length of a vector of all-MiniLM-L6-v2."""
LONGEST = 128
"""Tokens of a sentence that are read; the rest is cut, as the model was trained."""


def vectors(sentences: Sequence[str]) -> Array:
    """One row (n, 384) a sentence, of unit mean square, so that networks see numbers of unit scale.

    The same sentence gives the same row whatever stands beside it. Raises NotFound when the weights are not here,
    EngineError when they are damaged.
    """
    encoder = _encoder(asset(SENTENCE_VECTORS))
    places = {one: place for place, one in enumerate(dict.fromkeys(sentences))}
    rows = encoder.encode(list(places))
    return rows[[places[one] for one in sentences]]


class SentenceEncoder:
    """A BERT-like network as ONNX with its tokenizer, on one thread."""

    def __init__(self, folder: Path, longest: int = LONGEST) -> None:
        """Load it, to read ``longest`` tokens of each sentence. Raises EngineError for files that are damaged."""
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._network: Any = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - both libraries raise bare exceptions for damaged files
            raise EngineError(
                f"The sentence vectors in {folder} cannot be loaded: {error}.",
                hint="castalia pull starter:minilm --replace",
            ) from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)

    def encode(self, sentences: Sequence[str]) -> Array:
        """Rows (n, 384) of unit mean square: the mean of the last layer over a sentence's tokens.

        One sentence at a time: the int8 network scales its numbers over all that it is given, so that in a batch
        neighbours would change a row.
        """
        rows = np.zeros((len(sentences), WIDTH), dtype=np.float32)
        for place, code in enumerate(self._tokenizer.encode_batch(list(sentences))):
            ids = np.asarray([code.ids], dtype=np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            mean = self._network.run(None, feed)[0][0].mean(axis=0)
            rows[place] = mean * (np.sqrt(WIDTH) / np.linalg.norm(mean))
        return rows

    def count(self, text: str) -> int:
        """Tokens of a text; of one that is longer than what is read, at least one more than that."""
        code = self._tokenizer.encode(text)
        return len(code.ids) + sum(len(more.ids) for more in code.overflowing)


@lru_cache(maxsize=1)
def _encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder)
