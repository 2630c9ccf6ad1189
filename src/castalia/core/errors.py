"""The one error tree. Every error carries a code, an HTTP status, an exit status and a hint with the next step.

CastaliaError
├── UserError (exit 1)
│   ├── ConfigError            a setting is wrong
│   ├── BadRequest             the request cannot be served as it stands
│   │   ├── UnsupportedOption  this engine cannot do what was asked
│   │   ├── UnsupportedInput   a file or attachment that cannot be read
│   │   └── ContextTooLong     prompt and answer do not fit the model's context
│   ├── NotFound               no such model, result, run or file
│   ├── Conflict               the name is taken, or the thing is in use
│   ├── TooLarge               over a stated limit
│   ├── NotAuthorised          key missing or wrong
│   ├── MissingExtra           an optional dependency is not installed
│   ├── DatasetError           all problems of a training set at once
│   └── DownloadError          a source could not be fetched or its bytes are wrong
├── Blocked (exit 3)           a guard's policy forbids it
├── Interrupted (exit 130)     stopped by the user
└── InternalError (exit 2)
    ├── EngineError            an engine failed
    │   └── EngineCrashed      its process died
    └── StorageError           disk full, database damaged
"""

from typing import ClassVar


class CastaliaError(Exception):
    """Base of everything that Castalia raises on purpose.

    ``message`` says what and why, ``hint`` what to do next; ``details`` is extra data for machines.
    """

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "", details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, object] = details or {}

    def as_dict(self) -> dict[str, object]:
        """The error as data: ``{code, message, hint, details}``."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


class UserError(CastaliaError):
    """Something the person asking can put right."""

    code = "user_error"
    http_status = 400
    exit_status = 1


class ConfigError(UserError):
    """A setting has a wrong value or an unknown name."""

    code = "config_error"


class BadRequest(UserError):
    """The request cannot be served as it stands."""

    code = "bad_request"


class UnsupportedOption(BadRequest):
    """An option that this engine or model does not have."""

    code = "unsupported_option"


class UnsupportedInput(BadRequest):
    """An attachment or file whose content cannot be read or is of the wrong kind."""

    code = "unsupported_input"
    http_status = 415


class ContextTooLong(BadRequest):
    """The prompt, with room for an answer, is longer than the model's context; both lengths are in the message."""

    code = "context_length_exceeded"


class NotFound(UserError):
    """No model, result, run or file of that name."""

    code = "not_found"
    http_status = 404


class Conflict(UserError):
    """The name is taken, or the thing is in use."""

    code = "conflict"
    http_status = 409


class TooLarge(UserError):
    """Over a stated limit."""

    code = "too_large"
    http_status = 413


class NotAuthorised(UserError):
    """The API key is missing or wrong."""

    code = "invalid_api_key"
    http_status = 401


class MissingExtra(UserError):
    """An optional dependency is not installed; the hint holds the pip command."""

    code = "missing_extra"
    http_status = 501


class DatasetError(UserError):
    """A training set has problems; ``problems`` lists them all."""

    code = "dataset_error"
    http_status = 422

    def __init__(
        self,
        message: str,
        *,
        problems: list[str] | None = None,
        hint: str = "",
        details: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        if problems is not None:
            self.details["problems"] = problems

    @property
    def problems(self) -> list[str]:
        """Every problem found, one sentence each."""
        found = self.details.get("problems")
        return [str(problem) for problem in found] if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


class DownloadError(UserError):
    """A source could not be fetched, or what arrived is not what was promised."""

    code = "download_error"
    http_status = 502


class Blocked(CastaliaError):
    """A guard's policy forbids this request or this output."""

    code = "blocked"
    http_status = 403
    exit_status = 3


class Interrupted(CastaliaError):
    """The person stopped the work; what was finished is kept."""

    code = "interrupted"
    http_status = 499
    exit_status = 130


class InternalError(CastaliaError):
    """Our fault, or the machine's."""

    code = "internal_error"


class EngineError(InternalError):
    """An engine failed on a request; the engine itself lives on."""

    code = "engine_error"


class ToolError(CastaliaError):
    """A tool that a model called, or the server that it comes from, failed."""

    code = "tool_error"
    http_status = 502
    exit_status = 1


class EngineCrashed(EngineError):
    """An engine's process died; the next request starts a new one."""

    code = "engine_crashed"
    http_status = 503


class StorageError(InternalError):
    """The disk is full or the database is damaged; nothing half-written is left."""

    code = "storage_error"
    http_status = 507


def error_types() -> dict[str, type[CastaliaError]]:
    """Every class of the tree by its code."""
    found: dict[str, type[CastaliaError]] = {}
    waiting: list[type[CastaliaError]] = [CastaliaError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found


def rebuild(data: dict[str, object]) -> CastaliaError:
    """The error that `CastaliaError.as_dict` described, of the same class; unknown codes become InternalError."""
    kind = error_types().get(str(data.get("code")), InternalError)
    details = data.get("details")
    kept: dict[str, object] = dict(details) if isinstance(details, dict) else {}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return kind(str(data.get("message", "")), hint=str(data.get("hint", "")), details=kept)
