"""A model: a named entry of the registry."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ModelFile(BaseModel):
    """One file of a model, its path relative to the model's folder."""

    path: str
    size: int
    sha256: str


class Model(BaseModel):
    """Engine, files, capabilities and measured figures under one name.

    ``format`` says what the files are (``gguf``, ``piper-onnx``, ``whisper-ctranslate2``, ``castalia``); ``engines``
    lists those that can run it, the default first. ``outputs`` and ``inputs`` are modalities. ``figures`` are measured
    here, each with its unit in the name (``openvino.tokens_per_second``). ``details`` belongs to the format: context
    length, classes, columns.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    format: str
    engines: list[str]
    engine_reason: str = ""
    family: str | None = None
    outputs: list[str]
    inputs: list[str] = Field(default_factory=lambda: ["text"])
    folder: Path
    files: list[ModelFile] = Field(default_factory=list[ModelFile])
    aliases: list[str] = Field(default_factory=list[str])
    source: str = ""
    licence: str = ""
    description: str = ""
    figures: dict[str, float] = Field(default_factory=dict)
    options: dict[str, object] = Field(default_factory=dict)
    details: dict[str, object] = Field(default_factory=dict)
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def engine(self) -> str:
        """The engine that runs it unless another is asked for; empty for files that other models share."""
        return self.engines[0] if self.engines else ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)
