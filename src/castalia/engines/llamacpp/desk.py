"""What llama.cpp's server answers beside completions: the chat template's abilities and the tokens of a text."""

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

BORDER = "<|endoftext|>"
"""What stands between documents in the training of many families."""
TIMEOUT = 60.0


@dataclass(frozen=True)
class Token:
    """A token: its number, its bytes, and whether it is plain text rather than the name of a special token."""

    number: int
    said: bytes
    plain: bool = True


class Desk:
    """Asks a server at ``address`` that only this process can reach.

    On Linux its socket keeps no name: ``folder``, where it was made, goes at once, and an open handle leads to it.
    Elsewhere the folder, which is this user's alone, stays until `close`. Every question needs the ``key``.
    """

    def __init__(self, address: str, key: str, folder: Path) -> None:
        scheme, _, path = address.partition("://")
        self._unix = scheme == "unix"
        self._base = "http://localhost" if self._unix else address
        self._headers = {"Authorization": f"Bearer {key}"}
        self._folder = folder
        self._handle: int | None = None
        self._socket = path
        if self._unix and hasattr(os, "O_PATH"):
            self._handle = os.open(path, os.O_PATH)
            self._socket = f"/proc/self/fd/{self._handle}"
            shutil.rmtree(folder)

    @cached_property
    def has_tools(self) -> bool:
        """Whether the model's chat template has a place for tools."""
        return bool(self._properties.get("chat_template_caps", {}).get("supports_tools"))

    @cached_property
    def start(self) -> list[int]:
        """The token that stands before a text: the border between documents, else the model's first token, if any."""
        border = self.tokens(BORDER)
        first = str(self._properties.get("bos_token") or "")
        found = border if len(border) == 1 else self.tokens(first) if first else []
        return [token.number for token in found[:1]]

    def rendered(self, messages: list[dict[str, str]]) -> str:
        """A conversation by the model's chat template, open for the answer."""
        return str(self._ask("POST", "/apply-template", {"messages": messages})["prompt"])

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text; names of special tokens count as these."""
        found = self._tokenized(text, special=True)
        if found == self._tokenized(text, special=False):
            return [Token(*one) for one in found]
        return [Token(number, said, self._is_plain(number, said)) for number, said in found]

    def _is_plain(self, number: int, said: bytes) -> bool:
        text = said.decode("utf-8", "replace")
        return self._tokenized(text, special=False) == [(number, said)]

    def _tokenized(self, text: str, *, special: bool) -> list[tuple[int, bytes]]:
        body: dict[str, object] = {"content": text, "add_special": False, "parse_special": special, "with_pieces": True}
        found: list[dict[str, Any]] = self._ask("POST", "/tokenize", body)["tokens"]
        return [(int(one["id"]), _bytes(one["piece"])) for one in found]

    def close(self) -> None:
        """Let go of the way to the server."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @cached_property
    def _properties(self) -> dict[str, Any]:
        return self._ask("GET", "/props")

    def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        transport = httpx.HTTPTransport(uds=self._socket) if self._unix else None
        with httpx.Client(transport=transport, base_url=self._base, trust_env=False, timeout=TIMEOUT) as client:
            answer = client.request(method, path, json=body, headers=self._headers)
        answer.raise_for_status()
        return answer.json()


def _bytes(piece: str | list[int]) -> bytes:
    return piece.encode() if isinstance(piece, str) else bytes(piece)
