"""Attached text files as part of the message: language models read text only."""

from pathlib import PurePath

from castalia.core.content import Message, Part
from castalia.core.errors import UnsupportedInput
from castalia.core.requests import Request

TEXT_TYPES = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
PROSE = frozenset({".txt", ".md", ".rst", ".log", ".html"})
DATA = frozenset({".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml", ".ini"})
CODE = frozenset({".py", ".js", ".ts", ".sql", ".sh", ".css", ".c", ".h"})


def with_inlined_text(request: Request) -> Request:
    """The request with every attached text file written into its message, under the file's name.

    Other attachments stay as they are. Raises UnsupportedInput for a text file that is not UTF-8.
    """
    return request.model_copy(update={"messages": [_inlined(message) for message in request.messages]})


def _inlined(message: Message) -> Message:
    if not any(_is_text_file(part) for part in message.parts):
        return message
    parts = [_as_text(part) if _is_text_file(part) else part for part in message.parts]
    return message.model_copy(update={"parts": parts})


def _is_text_file(part: Part) -> bool:
    if part.text is not None:
        return False
    media_type = part.media_type or ""
    suffix = PurePath(part.name or str(part.path or "")).suffix.lower()
    return media_type.startswith("text/") or media_type in TEXT_TYPES or suffix in PROSE | DATA | CODE


def _as_text(part: Part) -> Part:
    try:
        content = part.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnsupportedInput(
            f"The attachment {part.name or part.type} is not UTF-8 text.", hint="Save it as UTF-8 and attach it again."
        ) from None
    return Part.of_text(f"{part.name or 'Attachment'}:\n\n{content}")
