"""How the native engine loads a model."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class NativeLoadOptions(BaseModel):
    """Options that every engine gets and this one reads."""

    model_config = ConfigDict(extra="ignore")

    threads: int = Field(default=0, ge=0, description="CPU threads; 0 means all cores.")
    assets: dict[str, Path] = Field(default_factory=dict, description="Where shared files lie, by their names.")
