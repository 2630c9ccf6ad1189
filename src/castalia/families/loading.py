"""From an artifact's folder to a learner that samples."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from castalia.core.plugins import families
from castalia.families.artifact import WEIGHTS, ArtifactConfig, damaged
from castalia.families.contract import Family, Learner


def family_of(name: str) -> Family:
    """The family of that name, made ready. Raises NotFound, MissingExtra."""
    made: Family = families().implementation(name)()
    return made


def load_learner(folder: Path, config: ArtifactConfig) -> Learner:
    """The networks with their trained weights, in float32, ready to sample. Raises EngineError when damaged."""
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise damaged(folder, f"{WEIGHTS} cannot be read: {error}") from None
    learner = family_of(config.family).build(config.layout, config.conditions, config.family_config)
    expected = learner.served_state()
    check_weights(folder, expected, weights)
    learner.load_state_dict({name: weights[name].to(expected[name].dtype) for name in expected}, strict=False)
    learner.requires_grad_(False)
    return learner.eval()


def check_weights(folder: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    """Raise EngineError unless names and shapes agree."""
    if expected.keys() != found.keys():
        names = sorted(expected.keys() ^ found.keys())
        raise damaged(folder, f"{WEIGHTS} and the configuration disagree about {', '.join(names[:3])}")
    for name, value in expected.items():
        if value.shape != found[name].shape:
            raise damaged(folder, f"{name} has shape {tuple(found[name].shape)}, not {tuple(value.shape)}")
