"""The weights of an artifact as arrays, without torch: numpy itself knows no bfloat16.

Format: https://huggingface.co/docs/safetensors, eight bytes of length, a JSON header, then the data.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.families.artifact import damaged


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """All floating-point tensors as float32. Raises EngineError when the file is damaged."""
    try:
        data = path.read_bytes()
        (size,) = struct.unpack_from("<Q", data)
        header: dict[str, Any] = json.loads(data[8 : 8 + size])
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _array(data[8 + size :], entry) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise damaged(path.parent, f"{path.name} cannot be read: {error}") from None


def _array(data: bytes, entry: dict[str, Any]) -> NDArray[np.float32]:
    start, stop = entry["data_offsets"]
    part = data[start:stop]
    if entry["dtype"] == "BF16":
        # the upper half of a float32
        values = (np.frombuffer(part, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(part, {"F32": "<f4", "F16": "<f2", "F64": "<f8"}[entry["dtype"]]).astype(np.float32)
    return values.reshape(entry["shape"])
