"""A request: what is asked, before and after everything open has been decided."""

import secrets
import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.content import Message, Part
from castalia.core.filters import Search

AUTO = "auto"
Preference = Literal["best", "fastest", "cheapest", "private"]
"""What counts when several models could answer."""


def new_id(kind: str) -> str:
    """A fresh identifier such as ``r-18c2f9a1b7-3f9c``: sorts by time, unique in practice."""
    return f"{kind}-{time.time_ns() // 1_000_000:x}-{secrets.token_hex(3)}"


class Request(BaseModel):
    """What is asked.

    ``modality`` and ``model`` are ``auto`` until chosen. ``options`` holds what the person set by name; the pipeline
    completes and validates them with the modality's options class. ``seed`` is drawn when it is None, so that every
    result can be made again. ``suffix`` is that of the file the output shall become (``.mp3``): it picks the format.
    ``policy`` says what counts when several models could answer; None: the setting ``chooser.policy``.
    ``documents`` names the collections that the answer must come from, ``search`` how they are looked through.
    ``task`` names a language task (`castalia.language`): then the texts and attachments are what it works on, and
    ``options`` are its options beside those of text generation.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(default_factory=lambda: new_id("r"))
    messages: list[Message]
    modality: str = AUTO
    model: str = AUTO
    engine: str | None = None
    seed: int | None = None
    options: dict[str, object] = Field(default_factory=dict)
    suffix: str | None = None
    policy: Preference | None = None
    documents: list[str] | None = None
    search: Search = Search()
    task: str | None = None

    @classmethod
    def of_text(cls, text: str, attachments: list[Part] | None = None, **fields: object) -> "Request":
        """A request of one user message with optional attachments."""
        message = Message(role="user", parts=[Part.of_text(text), *(attachments or [])])
        return cls.model_validate({"messages": [message], **fields})

    @property
    def prompt(self) -> str:
        """The text of the last user message: what media generators read."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text
        return ""

    @property
    def told(self) -> str | None:
        """The text of an assistant's message that stands last, to be measured after those before it; else None."""
        last = self.messages[-1] if self.messages else None
        return last.text if last is not None and last.role == "assistant" else None

    @property
    def attachments(self) -> list[Part]:
        """Everything attached to the last user message."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.attachments
        return []
