"""Weights of one scale a row, for networks that OpenVINO made of a GGUF file.

There each 32 numbers of a row have a scale and a zero point of their own (Q8_0's blocks), so that a product must be
taken apart into sums of 32. With one scale a row the processor's 8-bit units run through: the first token after 200
comes in about three quarters of the time, at .05 % more bits a byte for the weights and .3 % for the activations
(docs/experiments.md).
"""

import importlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.store.gguf import Header

LARGEST_GROUP = 256
"""Activations are quantised in groups of at most so many: one outlier spoils its group."""
LEAST_GROUP = 32


def one_scale_a_row(network: Any) -> int:
    """Rewrite the 8-bit weights of an `openvino.Model` in place, (rows, groups, 32) to int8 (rows, columns) with scales
    (rows, 1). Returns how many; weights of fewer bits stay as they are."""
    number = 0
    for node in network.get_ordered_ops():
        weights = _blocks(node)
        if weights is None:
            continue
        _replace(node, *_quantised(weights))
        number += 1
    return number


def activation_group(header: Header) -> int:
    """Numbers of an activation that share a scale: the largest size that divides the length of every row of the weights
    that are multiplied; 32 where only that does."""
    lengths = [tensor.shape[0] for tensor in header.tensors if len(tensor.shape) == 2]
    common = math.gcd(*lengths) if lengths else LEAST_GROUP
    sizes = range(LEAST_GROUP, min(common, LARGEST_GROUP) + 1, LEAST_GROUP)
    return max((size for size in sizes if common % size == 0), default=LEAST_GROUP)


def _blocks(node: Any) -> NDArray[np.float32] | None:
    """The numbers (rows, columns) that ``convert(reshape((q - zero) * scale))`` stands for, where q has eight bits."""
    found = _inputs(node, "Convert", "Reshape", "Multiply")
    if found is None:
        return None
    apart, scale = found
    if apart.get_type_name() != "Subtract" or scale.get_type_name() != "Constant":
        return None
    values, zero = (_source(_source(apart, place), 0) for place in (0, 1))
    if values.get_type_name() != "Constant" or values.get_output_element_type(0).get_type_name() not in {"u8", "i8"}:
        return None
    numbers = (values.data.astype(np.float32) - zero.data.astype(np.float32)) * scale.data.astype(np.float32)
    return numbers.reshape(len(numbers), -1)


def _inputs(node: Any, *kinds: str) -> tuple[Any, Any] | None:
    """Both inputs of the last of a chain of nodes of these kinds, each the first input of the one before."""
    for place, kind in enumerate(kinds):
        node = _source(node, 0) if place else node
        if node.get_type_name() != kind:
            return None
    return _source(node, 0), _source(node, 1)


def _source(node: Any, place: int) -> Any:
    return node.input(place).get_source_output().get_node()


def _quantised(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    scale = (np.abs(weights).max(axis=1, keepdims=True) / 127.0).astype(np.float16)
    scale[scale == 0.0] = 1.0
    steps: NDArray[np.float32] = np.rint(weights / scale.astype(np.float32))
    inside: NDArray[np.float32] = np.maximum(np.minimum(steps, 127.0), -127.0)
    return inside.astype(np.int8), scale


def _replace(node: Any, values: NDArray[np.int8], scale: NDArray[np.float16]) -> None:
    operations: Any = importlib.import_module("openvino").opset13
    product = operations.multiply(operations.convert(operations.constant(values), "f16"), operations.constant(scale))
    output = operations.convert(product, "f32").output(0)
    for target in node.output(0).get_target_inputs():
        target.replace_source_output(output)
