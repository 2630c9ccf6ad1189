"""One product where a network takes three of the same numbers: queries, keys and values of attention.

Their inputs are quantised once instead of three times, and the small products of keys and values fill the processor as
the large one does: the first token comes in 3 % less time and each later one in 7 % less (docs/experiments.md). Gate
and up projections stay apart: there, taking the long result to pieces costs more than it saves.
"""

import importlib
from collections import defaultdict
from typing import Any

import numpy as np

PROJECTIONS = 3
"""Products of one input that are joined: queries, keys, values."""


def join_projections(network: Any) -> int:
    """Join them in place in an `openvino.Model` whose weights have one scale a row (see
    `castalia.engines.openvino.rows`). Returns the number of joined products; other weights stay as they are."""
    by_input: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for node in network.get_ordered_ops():
        if node.get_type_name() == "MatMul":
            source = node.input(0).get_source_output()
            by_input[source.get_node().get_friendly_name(), source.get_index()].append(node)
    number = 0
    for products in by_input.values():
        weights = [_weights(product) for product in products]
        if len(products) == PROJECTIONS and all(weights):
            _join(products, [pair for pair in weights if pair])
            number += 1
    return number


def _weights(product: Any) -> tuple[Any, Any] | None:
    """The constants, int8 (rows, columns) and scale (rows, 1), of ``x @ (int8 * scale).T``; None for other products."""
    node = _source(product, 1)
    while node.get_type_name() == "Convert":
        node = _source(node, 0)
    if node.get_type_name() != "Multiply" or _source(node, 0).get_type_name() != "Convert":
        return None
    numbers, scale = _source(_source(node, 0), 0), _source(node, 1)
    if any(one.get_type_name() != "Constant" for one in (numbers, scale)):
        return None
    one_a_row = list(scale.get_output_shape(0)) == [numbers.get_output_shape(0)[0], 1]
    return (numbers, scale) if numbers.get_output_element_type(0).get_type_name() == "i8" and one_a_row else None


def _join(products: list[Any], weights: list[tuple[Any, Any]]) -> None:
    openvino: Any = importlib.import_module("openvino")
    ops: Any = importlib.import_module("openvino.opset13")
    numbers = ops.constant(np.concatenate([one.data for one, _ in weights]), openvino.Type.i8)
    scale = ops.constant(np.concatenate([one.data for _, one in weights]))
    whole = ops.convert(ops.multiply(ops.convert(numbers, scale.get_element_type()), scale), "f32")
    product = ops.matmul(products[0].input(0).get_source_output(), whole, False, True)
    lengths = np.array([one.get_output_shape(0)[0] for one, _ in weights], np.int64)
    pieces = ops.variadic_split(product, ops.constant(np.int64(-1)), ops.constant(lengths))
    for old, piece in zip(products, pieces.outputs(), strict=True):
        old.output(0).replace(piece)


def _source(node: Any, place: int) -> Any:
    return node.input(place).get_source_output().get_node()
