"""Tokens and text: encoding prompts, and decoding answers piece by piece."""

import codecs
from collections.abc import Mapping, Sequence
from typing import Any

BORDER = "<|endoftext|>"
"""What stands between documents in the training of the families that OpenVINO reads."""
ENDS_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>")
"""Tokens that end a turn in the families that OpenVINO reads; a file names but one of its own."""


class Vocabulary:
    """The tokens of a model as bytes."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        by_bytes: dict[bytes, int] = tokenizer.get_vocab()
        self._bytes = {number: token for token, number in by_bytes.items()}
        self.size = len(self._bytes)
        self._said: dict[int, bytes] = {}
        named = (by_bytes.get(name.encode()) for name in ENDS_OF_TURN)
        border = by_bytes.get(BORDER.encode())
        self.start = int(tokenizer.get_bos_token_id()) if border is None else border
        self.ends = {number for number in named if number is not None} | {int(tokenizer.get_eos_token_id())}

    @property
    def knows_tools(self) -> bool:
        """Whether the model's chat template has a place for tools."""
        return "tools" in self._tokenizer.chat_template

    def encode(self, messages: Sequence[Mapping[str, object]], tools: list[dict[str, object]] | None = None) -> Any:
        """A conversation as token numbers, int64 (1, length), by the model's own chat template."""
        prompt: str = self._tokenizer.apply_chat_template(messages, True, tools=tools)
        return self._tokenizer.encode(prompt, add_special_tokens=False).input_ids

    def encode_plain(self, text: str) -> list[int]:
        """A text as token numbers, without template or special tokens."""
        return [int(token) for token in self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    def said(self, token: int) -> bytes:
        """What a token adds to the answer: its bytes, or nothing for a control token."""
        if token not in self._said:
            self._said[token] = b"" if self._is_control(token) else self._bytes.get(token, b"")
        return self._said[token]

    def written(self, token: int) -> str:
        """A token as text by itself, for log-probabilities; incomplete characters are replaced."""
        return self._bytes.get(token, b"").decode("utf-8", "replace")

    def _is_control(self, token: int) -> bool:
        # Only control tokens are left out on demand; bytes of an incomplete character come out empty both ways
        everything: str = self._tokenizer.decode([token], skip_special_tokens=False)
        return bool(everything) and not self._tokenizer.decode([token])


class Decoder:
    """Turns tokens into text as they come, keeping back characters whose bytes are not complete."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, tokens: list[int]) -> str:
        """The text that these tokens complete."""
        return self._decoder.decode(b"".join(self._vocabulary.said(token) for token in tokens))

    def flush(self) -> str:
        """What was kept back, at the end."""
        return self._decoder.decode(b"", True)
