"""The thresholds that a compiled graph compares its input columns with, for proof rows to stand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Columns: TypeAlias = "list[int | None]"
"""Which input column each column of a tensor is, bar a rounding to float32; None where it is none."""


def split_points(graph: bytes, *, source: str = "numbers") -> dict[int, NDArray[np.float64]]:
    """Give, for each column of the input `source`, the thresholds that trees compare it with, sorted.

    Only trees that see the column itself count, as it is, rounded to float32 or with its gaps filled; what a
    scaler changed first is left out. A column that no tree compares has no entry.
    """
    found: dict[int, list[NDArray[np.float64]]] = {}
    for node, columns in tree_ensembles(graph, source=source):
        for column, points in _compared(node, columns):
            found.setdefault(column, []).append(points)
    return {column: np.unique(np.concatenate(points)) for column, points in sorted(found.items())}


def tree_ensembles(graph: bytes, *, source: str = "numbers") -> Iterator[tuple[Any, Columns]]:
    """Give each `TreeEnsemble` node of a graph with the columns of `source` that its input's columns are."""
    from onnx import ModelProto, numpy_helper

    model = ModelProto.FromString(graph)
    constants = {item.name: item for item in model.graph.initializer}
    known: dict[str, Columns] = {}
    for item in model.graph.input:
        if item.name == source:
            known[source] = list(range(item.type.tensor_type.shape.dim[1].dim_value))
    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            yield node, known.get(node.input[0], [])
            continue
        picks = constants.get(node.input[1]) if node.op_type == "Gather" else None
        indices = None if picks is None else numpy_helper.to_array(picks)
        columns = _passed_on(node, [known.get(name, []) for name in node.input], indices)
        if columns:
            known[node.output[0]] = columns


def _passed_on(node: Any, inputs: Sequence[Columns], indices: NDArray[np.int64] | None) -> Columns:
    """Follow the columns through a node; empty where it changes their values."""
    if node.op_type in {"Cast", "Identity"}:
        return inputs[0]
    if node.op_type == "Where":  # an imputer's: what is not missing passes
        return inputs[2] or inputs[1]
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    if node.op_type == "Gather" and axis == 1 and indices is not None and indices.ndim == 1 and inputs[0]:
        return [inputs[0][index] for index in indices.tolist()]
    if node.op_type != "Concat" or axis != 1:
        return []
    joined: Columns = []
    for columns in inputs:
        if not columns:  # its width is not known, so neither is where the next ones stand
            break
        joined.extend(columns)
    return joined


def _compared(node: Any, columns: Columns) -> list[tuple[int, NDArray[np.float64]]]:
    """List the input columns that an ensemble compares with numbers, and those numbers."""
    from onnx import numpy_helper

    attributes = {item.name: item for item in node.attribute}
    features = np.array(attributes["nodes_featureids"].ints)
    splits = numpy_helper.to_array(attributes["nodes_splits"].t).astype(np.float64)
    modes = numpy_helper.to_array(attributes["nodes_modes"].t)
    plain = (modes < _FIRST_MODE_OF_OTHERS) & np.isfinite(splits)
    return [
        (column, splits[plain & (features == feature)])
        for feature in np.unique(features[plain]).tolist()
        if feature < len(columns) and (column := columns[feature]) is not None
    ]


_FIRST_MODE_OF_OTHERS = 2
"""Modes 0 and 1 are `at most` and `below`; the emitter's only other mode tests membership."""
