"""A checkpoint: one safetensors file, replaced in one step, that holds a nested state of tensors and JSON values.

Tensors lie in the file by number; the tree that they hang in is JSON in the file's header. Nothing is pickled.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from castalia.core.errors import StorageError
from castalia.store.locking import write_whole

FILE = Path("checkpoint") / "state.safetensors"
_TENSOR = "__tensor__"
_PAIRS = "__pairs__"

State = dict[str, object]


def write(run_folder: Path, state: State) -> None:
    """Replace the run's checkpoint. Raises StorageError; the former one stays then."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_pack(state, tensors))
    write_whole(run_folder / FILE, save(tensors, metadata={"tree": tree}))


def read(run_folder: Path) -> State | None:
    """The state that `write` kept, or None when there is none. Raises StorageError when it is damaged."""
    path = run_folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tree = json.loads(file.metadata()["tree"])
            return cast("State", _unpack(tree, {name: file.get_tensor(name) for name in file.keys()}))  # noqa: SIM118 - no mapping
    except (SafetensorError, KeyError, ValueError) as error:
        raise StorageError(
            f"The checkpoint {path} is damaged: {error}.", hint="Delete it and resume: the training starts anew."
        ) from None


def random_state() -> State:
    """The state of torch's global generators."""
    state: State = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = list(torch.cuda.get_rng_state_all())
    return state


def restore_random_state(state: State) -> None:
    """Put torch's global generators back."""
    torch.set_rng_state(cast("Tensor", state["cpu"]))
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state_all(cast("list[Tensor]", state["cuda"]))


def restore_optimiser(optimiser: torch.optim.Optimizer, state: State) -> None:
    """Load an optimiser's state; its tensors take over the memory format of their parameters."""
    optimiser.load_state_dict(state)
    for parameter, values in optimiser.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.ndim:
                values[name] = torch.empty_like(parameter.data, dtype=value.dtype).copy_(value)


def _pack(value: object, tensors: dict[str, Tensor]) -> object:
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {_TENSOR: name}
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {_PAIRS: [[key, _pack(one, tensors)] for key, one in pairs.items()]}  # keys may be numbers
    if isinstance(value, list | tuple):
        return [_pack(one, tensors) for one in cast("list[object]", value)]
    return value


def _unpack(value: object, tensors: dict[str, Tensor]) -> object:
    if isinstance(value, dict):
        found = cast("dict[str, object]", value)
        if _TENSOR in found:
            return tensors[str(found[_TENSOR])]
        pairs = cast("list[tuple[str | int, object]]", found[_PAIRS])
        return {key: _unpack(one, tensors) for key, one in pairs}
    if isinstance(value, list):
        return [_unpack(one, tensors) for one in cast("list[object]", value)]
    return value
