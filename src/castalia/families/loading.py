"""From an artifact's folder to a learner that samples."""

from pathlib import Path
from typing import TypeVar, cast

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from castalia.core.plugins import families, resolve
from castalia.families.artifact import COMPRESSOR_WEIGHTS, WEIGHTS, ArtifactConfig, damaged
from castalia.families.contract import Compressor, CompressorMaker, Family, Learner, Trainable

Networks = TypeVar("Networks", bound=Trainable)


def family_of(name: str) -> Family:
    """The family of that name, made ready. Raises NotFound, MissingExtra."""
    made: Family = families().implementation(name)()
    return made


def load_learner(folder: Path, config: ArtifactConfig) -> Learner:
    """The networks with their trained weights, in float32, ready to sample. Raises EngineError when damaged."""
    learner = family_of(config.family).build(config.layout, config.conditions, config.family_config)
    fill(folder, WEIGHTS, learner)
    return _serving(learner)


def load_compressor(folder: Path, config: ArtifactConfig) -> Compressor | None:
    """The artifact's autoencoder, ready to decode; None for an artifact without one. Raises EngineError."""
    entry = config.compressor
    if entry is None:
        return None
    maker: CompressorMaker = cast("type[CompressorMaker]", resolve(str(families().spec(entry.family).compressor)))()
    compressor = maker.build(entry.layout, entry.config)
    fill(folder, COMPRESSOR_WEIGHTS, compressor)
    return _serving(compressor)


def fill(folder: Path, name: str, networks: Trainable) -> None:
    """Put the weights of a file into the networks. Raises EngineError when it is damaged or does not fit them."""
    try:
        weights = load_file(folder / name)
    except (OSError, SafetensorError) as error:
        raise damaged(folder, f"{name} cannot be read: {error}") from None
    expected = networks.served_state()
    check_weights(folder, expected, weights)
    networks.load_state_dict({key: weights[key].to(expected[key].dtype) for key in expected}, strict=False)


def _serving(networks: Networks) -> Networks:
    """The networks, which from now on only serve."""
    networks.requires_grad_(False)
    networks.eval()
    return networks


def check_weights(folder: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    """Raise EngineError unless names and shapes agree."""
    if expected.keys() != found.keys():
        names = sorted(expected.keys() ^ found.keys())
        raise damaged(folder, f"{WEIGHTS} and the configuration disagree about {', '.join(names[:3])}")
    for name, value in expected.items():
        if value.shape != found[name].shape:
            raise damaged(folder, f"{name} has shape {tuple(found[name].shape)}, not {tuple(value.shape)}")
