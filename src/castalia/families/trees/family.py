"""The family of trees: which columns there are, and how small a leaf may be."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Layout
from castalia.families.contract import Learner, Size
from castalia.families.nets.columns import Column
from castalia.families.nets.describing import describe_columns
from castalia.families.trees.learner import RowTrees, TreesConfig
from castalia.families.trees.maps import TreeColumn
from castalia.families.trees.options import TreesOptions

LEAVES: dict[str, int] = {"tiny": 40, "small": 30, "medium": 20, "large": 20}
"""Fewest rows of a leaf of differences by the dial."""
ROUNDS: dict[str, int] = {"tiny": 80, "small": 200, "medium": 300, "large": 500}
"""Most boosted trees of a column of two categories by the dial; of others half as many."""


class TreesFamily:
    """Builds sequential trees of rows, layouts of rank 1."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`. One step with all rows as its batch is the whole training."""
        options = cast("TreesOptions", options)
        if not isinstance(layout, Continuous) or len(layout.shape) != 1:
            raise BadRequest(
                "Trees learn rows of columns only; this representation is another kind.",
                hint="Choose another family with --family.",
            )
        columns = _columns(layout, conditions, describe_columns(layout, data))
        rows = min(options.rows, len(data))
        leaf = options.leaf or LEAVES[size]
        numbers = sum(not column.categories for column in columns)
        return {
            "batch": rows,
            "epochs": rows / len(data),
            "columns": [column.model_dump() for column in columns],
            "leaf": leaf,
            "rounds": options.rounds or ROUNDS[size],
            "depth": options.depth,
            "rate": options.rate,
            "nodes": len(columns) + numbers * 2 * (rows // leaf),
            "cells": numbers * rows,
        }

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:  # noqa: ARG002 - columns say it
        """See `castalia.families.contract.Family.build`."""
        return RowTrees(cast("Continuous", layout).shape[0], TreesConfig.model_validate(config))


def _columns(layout: Continuous, conditions: Conditions | None, plain: list[Column]) -> list[TreeColumn]:
    """The columns in the order in which they are drawn: conditions that no column bears the name of, then the row."""
    columns = {column.start: TreeColumn(**column.model_dump()) for column in plain}
    named = {segment.name: segment for segment in layout.segments}
    alone: list[TreeColumn] = []
    for place, group in enumerate(conditions.groups if conditions is not None else ()):
        segment = named.get(group.name)
        plain_width = group.kind == "categorical" or group.width == 1
        if segment is not None and plain_width and (segment.kind, segment.width) == (group.kind, group.width):
            columns[segment.start].group, columns[segment.start].asked = place, group.start
            continue
        parts = [(group.start, group.width)]
        if group.kind == "real":
            parts = [(start, 1) for start in range(group.start, group.stop)]
        alone += [
            TreeColumn(kind=group.kind, start=start, width=width, given=True, group=place, asked=start)
            for start, width in parts
        ]
    return [*alone, *columns.values()]
