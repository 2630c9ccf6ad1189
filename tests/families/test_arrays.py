"""Weights are read without torch as torch reads them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from castalia.core.errors import EngineError
from castalia.families.arrays import read_weights


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_every_precision_comes_as_float32(tmp_path: Path, kind: torch.dtype) -> None:
    tensors = {"a": torch.randn(3, 5).to(kind), "b": torch.randn(7).to(kind)}
    save_file(tensors, tmp_path / "weights.safetensors")
    found = read_weights(tmp_path / "weights.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], tensor.float().numpy())


@pytest.mark.parametrize("damage", [b"", b"\xff" * 16, b"\x02\0\0\0\0\0\0\0[]"])
def test_a_damaged_file_is_told(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "weights.safetensors").write_bytes(damage)
    with pytest.raises(EngineError, match="damaged"):
        read_weights(tmp_path / "weights.safetensors")
