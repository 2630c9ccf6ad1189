"""The artifact: the folder that training leaves and the native engine runs. Read here without torch.

config.json               what it is: representation, family and all derived numbers (`ArtifactConfig`)
weights.safetensors       the networks that sampling needs
compressor.safetensors    the autoencoder, where the family learnt a code of the items
fingerprints.safetensors  small arrays that let checks see a near-copy of a training item
card.json, card.md        the model card: data, recipe, figures, licence
samples/                  what it made at the end of its training
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from castalia.core.errors import EngineError
from castalia.core.representation import Conditions, Continuous, Tokens

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
COMPRESSOR_WEIGHTS = "compressor.safetensors"
FINGERPRINTS = "fingerprints.safetensors"
CARD = "card.json"
CARD_TEXT = "card.md"
SAMPLES = "samples"


class CompressorEntry(BaseModel):
    """The autoencoder of items of ``layout``: the family that brings it, and its derived numbers."""

    model_config = ConfigDict(extra="forbid")

    family: str
    layout: Continuous
    config: dict[str, object]


class ArtifactConfig(BaseModel):
    """The contents of ``config.json``. ``format`` is the version of this layout of files.

    ``layout`` is what the family learnt: that of the representation, or of the compressor's code.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    modality: str
    representation: dict[str, object]
    layout: Continuous | Tokens = Field(discriminator="kind")
    conditions: Conditions | None = None
    family: str
    family_config: dict[str, object]
    size: str
    compressor: CompressorEntry | None = None
    training: dict[str, object] = Field(default_factory=dict)

    @property
    def keeps_places(self) -> bool:
        """Whether parts of an item are parts of what the family learnt: a code of tokens mixes them."""
        return self.compressor is None or self.layout.kind == "continuous"


def read_config(folder: Path) -> ArtifactConfig:
    """The artifact's configuration. Raises EngineError when it is missing or damaged."""
    path = folder / CONFIG
    try:
        return ArtifactConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise damaged(folder, f"{CONFIG} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(piece) for piece in first["loc"]) or CONFIG
        raise damaged(folder, f"{CONFIG} is wrong at {place}: {first['msg']}") from None


def damaged(folder: Path, why: str) -> EngineError:
    """The error for an artifact that cannot be used."""
    return EngineError(
        f"The model in {folder} is damaged: {why}.",
        hint="Remove it with `castalia rm NAME`, then train it again or pull it again.",
    )
