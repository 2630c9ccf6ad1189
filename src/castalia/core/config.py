"""Settings and where each came from: defaults < ``castalia.toml`` < ``CASTALIA_*`` < flags."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from castalia.core.errors import ConfigError
from castalia.core.requests import Preference

FILE_NAME = "castalia.toml"
PREFIX = "CASTALIA_"

Policy = Literal["allow", "redact", "block"]


class Section(BaseModel):
    """A group of settings; unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(Section):
    """How the HTTP server listens and what it accepts."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8484, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    api_key: SecretStr | None = Field(
        default=None, description="Key that clients must send; made at first start when unset."
    )
    max_upload_mb: int = Field(default=64, ge=1, description="Largest request body, in MiB.")
    max_queue: int = Field(default=64, ge=1, description="Requests that may wait at once; more are answered with 503.")


class EngineSettings(Section):
    """How models are loaded and kept."""

    threads: int = Field(default=0, ge=0, description="CPU threads of each engine; 0 means all cores.")
    context: int = Field(
        default=4096, ge=256, description="Context length of language models, in tokens, at most the model's own."
    )
    slots: int = Field(default=8, ge=1, le=64, description="Requests that one language model works on at once.")
    memory_gb: float = Field(
        default=0.0, ge=0, description="Memory for loaded models, in GB; 0 means three quarters of the machine's."
    )
    idle_minutes: float = Field(default=15.0, gt=0, description="A model unused for so long is unloaded.")
    start_timeout: float = Field(default=180.0, gt=0, description="Seconds that loading a model may take.")


class GuardSettings(Section):
    """What happens to personal data."""

    requests: Policy = Field(
        default="allow", description="Personal data in requests: allow, redact before the model, or block."
    )
    training: Policy = Field(
        default="redact", description="Personal data in training tables: allow, redact (drop the column), or block."
    )
    history: Literal["redact", "keep"] = Field(
        default="redact", description="Whether history stores requests redacted or as they came."
    )


class ChooserSettings(Section):
    """How the chooser prefers one model to another, and when it asks back."""

    policy: Preference = Field(
        default="best", description="What counts when several models could answer: best, fastest, cheapest or private."
    )
    question_cost: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="A question comes back when the likeliest kind of output is wrong with more than this; 1: never.",
    )


class DocumentSettings(Section):
    """Where documents to answer from are kept."""

    url: SecretStr | None = Field(
        default=None,
        description="Database of documents, postgresql+psycopg://user@host/name; unset: SQLite in the home.",
    )
    checker: str | None = Field(
        default=None,
        description="A language model by name that is asked whether the passage says each sentence of an answer; "
        "unset: none.",
    )


class McpServer(Section):
    """An MCP server that tools may come from; nothing of it is used that is not allowed by name."""

    command: str
    arguments: list[str] = Field(default_factory=list[str])
    environment: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    allow: list[str] = Field(default_factory=list[str])
    start_seconds: float = Field(default=20.0, gt=0)
    call_seconds: float = Field(default=60.0, gt=0)


class Settings(Section):
    """Everything that can be set."""

    home: Path = Field(
        default_factory=lambda: user_data_path("castalia"), description="Folder of models, history and runs."
    )
    server: ServerSettings = ServerSettings()
    engines: EngineSettings = EngineSettings()
    guard: GuardSettings = GuardSettings()
    chooser: ChooserSettings = ChooserSettings()
    documents: DocumentSettings = DocumentSettings()
    mcp: dict[str, McpServer] = Field(
        default_factory=dict[str, McpServer],
        description="MCP servers by name: command, arguments, environment, and the tools that they may bring (allow).",
    )


@dataclass(frozen=True)
class Loaded:
    """Settings with the origin of each value by dotted name (``server.port``)."""

    settings: Settings
    origins: dict[str, str]


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, str]:
    """Every setting's dotted name with its description."""
    names: dict[str, str] = {}
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names.update(setting_names(kind, f"{prefix}{name}."))
        else:
            names[prefix + name] = info.description or ""
    return names


def variable_of(name: str) -> str:
    """The environment variable of a setting: ``server.port`` is ``CASTALIA_SERVER_PORT``."""
    return PREFIX + name.replace(".", "_").upper()


def find_file(environ: dict[str, str]) -> Path | None:
    """The configuration file: ``CASTALIA_CONFIG``, else the nearest ``castalia.toml`` upwards, else the user's."""
    named = environ.get(f"{PREFIX}CONFIG")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigError(f"{PREFIX}CONFIG names {path}, which is not a file.", hint="Correct or unset it.")
        return path
    here = Path.cwd()
    for folder in [here, *here.parents]:
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    users = user_data_path("castalia") / FILE_NAME
    return users if users.is_file() else None


def load(flags: dict[str, object] | None = None, environ: dict[str, str] | None = None) -> Loaded:
    """The settings in force. ``flags`` maps dotted names to values. Raises ConfigError naming setting and origin."""
    environ = dict(os.environ) if environ is None else environ
    names = setting_names()
    values: dict[str, object] = {}
    origins = dict.fromkeys(names, "default")

    path = find_file(environ)
    if path is not None:
        read = _parse(path)
        if "mcp" in read:
            values["mcp"], origins["mcp"] = read.pop("mcp"), str(path)
        for name, value in _flatten(read).items():
            if name not in names:
                raise ConfigError(
                    f"{path}: there is no setting {name!r}.", hint="`castalia config show` lists them all."
                )
            values[name], origins[name] = value, str(path)

    for name in names:
        value = environ.get(variable_of(name))
        if value is not None:
            values[name], origins[name] = value, variable_of(name)

    for name, value in (flags or {}).items():
        values[name], origins[name] = value, "flag"

    try:
        settings = Settings.model_validate(_nest(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(piece) for piece in first["loc"])
        origin = origins.get(name, "default")
        raise ConfigError(
            f"The setting {name} from {origin} is wrong: {first['msg']}.",
            hint="`castalia config show` lists all settings.",
        ) from None
    return Loaded(settings, origins)


def _parse(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", hint="Correct that line.") from None


def _flatten(data: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat.update(_flatten(cast("dict[str, object]", value), f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _nest(flat: dict[str, object]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for name, value in flat.items():
        *sections, last = name.split(".")
        place = nested
        for section in sections:
            place = cast("dict[str, object]", place.setdefault(section, {}))
        place[last] = value
    return nested
