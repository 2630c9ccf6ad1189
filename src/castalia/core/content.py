"""Parts and messages: what is said, shown or attached, in either direction."""

import base64
import mimetypes
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from castalia.core.errors import NotFound, UnsupportedInput


def _to_base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _from_base64(data: object) -> bytes | None:
    if data is None or isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return base64.b64decode(data, validate=True)
    raise ValueError("bytes or base64 text expected")


Base64 = Annotated[bytes | None, PlainValidator(_from_base64), PlainSerializer(_to_base64, when_used="json")]
"""Bytes in Python, base64 text in JSON."""


class Part(BaseModel):
    """One piece of content: a text, or media of one modality.

    ``type`` is a modality name (``text``, ``image``, ``audio``, ``speech``, ``table``, ...) or ``file`` for an
    attachment whose kind is not known yet. Media sits in ``data`` (in memory) or in ``path`` (a file); ``blob`` is the
    SHA-256 of its bytes once they are on the record; ``info`` holds facts that its modality states (width, seconds,
    rows).
    """

    model_config = ConfigDict(extra="forbid")

    type: str
    text: str | None = None
    media_type: str | None = None
    data: Base64 = None
    path: Path | None = None
    blob: str | None = None
    name: str | None = None
    info: dict[str, object] = Field(default_factory=dict)

    @classmethod
    def of_text(cls, text: str) -> "Part":
        """A text part."""
        return cls(type="text", text=text)

    @classmethod
    def of_file(cls, path: str | Path, type: str = "file") -> "Part":
        """A part that points at a file. Raises NotFound when there is none, UnsupportedInput for a folder."""
        file = Path(path).expanduser()
        if not file.exists():
            raise NotFound(
                f"There is no file {file}.", hint="Check the path; relative paths start at the current folder."
            )
        if not file.is_file():
            raise UnsupportedInput(
                f"{file} is a folder; an attachment is one file.", hint="Attach the files one by one."
            )
        media_type = mimetypes.guess_type(file.name)[0]
        return cls(type=type, path=file.resolve(), name=file.name, media_type=media_type)

    def read(self) -> bytes:
        """The bytes of the part: text as UTF-8, media from memory or its file."""
        if self.data is not None:
            return self.data
        if self.path is not None:
            return self.path.read_bytes()
        if self.text is not None:
            return self.text.encode()
        raise UnsupportedInput(f"The {self.type} part holds no data.", hint="Give it text, data or a path.")

    def save(self, path: str | Path) -> Path:
        """Write the part to a file, as it is; returns the file. Text is written as UTF-8."""
        file = Path(path).expanduser()
        file.write_bytes(self.read())
        return file


class ToolCall(BaseModel):
    """A wish of the language model to call a tool: ``arguments`` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant", "tool"] = "user"
    parts: list[Part] = Field(default_factory=list[Part])
    tool_calls: list[ToolCall] = Field(default_factory=list[ToolCall])
    tool_call_id: str | None = None

    @classmethod
    def of_text(cls, text: str, role: Literal["system", "user", "assistant", "tool"] = "user") -> "Message":
        """A message of one text part."""
        return cls(role=role, parts=[Part.of_text(text)])

    @property
    def text(self) -> str:
        """All text parts, joined by line breaks."""
        return "\n".join(part.text for part in self.parts if part.text is not None)

    @property
    def attachments(self) -> list[Part]:
        """The parts that are not text."""
        return [part for part in self.parts if part.text is None]
