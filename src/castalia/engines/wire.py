"""The lines between a host and its worker: one JSON object each, UTF-8, ended by a line break.

host -> worker   {"op": "open", "engine", "parallel", "model", "load_options"}    once, first
                 {"op": "generate", "id", "request"}
                 {"op": "cancel", "id"}
                 end of file: finish and exit
worker -> host   {"op": "ready"} or {"op": "failed", "error"}             once, first
                 {"op": "event", "id", "event"}
                 {"op": "end", "id"} or {"op": "error", "id", "error"}    once for each generate
"""

import json
from typing import Literal, cast

from castalia.core.errors import CastaliaError, EngineError

Message = dict[str, object]
Op = Literal["open", "generate", "cancel", "ready", "failed", "event", "end", "error"]


def encode(op: Op, **fields: object) -> bytes:
    """One message as a line."""
    return json.dumps({"op": op, **fields}, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of a line. Raises ValueError when it is none."""
    message = json.loads(line)
    if not isinstance(message, dict) or "op" not in message:
        raise ValueError("not a message")
    return cast(Message, message)


def error_of(error: Exception, engine: str) -> dict[str, object]:
    """Any exception as the data of one of our errors: foreign ones become an EngineError that names them."""
    if isinstance(error, CastaliaError):
        return error.as_dict()
    said = str(error) or "no message"
    return EngineError(
        f"The {engine} engine failed: {type(error).__name__}: {said}.",
        hint="Try again; if it repeats, `castalia doctor` checks the engines.",
    ).as_dict()
