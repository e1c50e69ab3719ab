"""The thresholds that a compiled graph compares its input columns with, for proof rows to stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.compile.ways import CAST, FILL, STEPS, Way

Ways: TypeAlias = "list[Way | None]"
"""How each column of a tensor came from an input column; None where it did not, or not by known steps."""
_BELOW, _FIRST_MODE_OF_OTHERS = 1, 2
"""Modes 0 and 1 are `at most` and `below`; the emitter's only other mode tests membership."""


def split_points(graph: bytes, *, source: str = "numbers") -> dict[int, NDArray[np.float64]]:
    """Give, for each column of the input `source`, the values at which trees change their mind, sorted.

    They are the thresholds themselves where trees see the column as it is, rounded to float32 or with its
    gaps filled. Where it was shifted and scaled first, they are the inputs whose images stand just before a
    threshold. A column that no tree compares has no entry.
    """
    found: dict[int, list[NDArray[np.float64]]] = {}
    for node, ways in tree_ensembles(graph, source=source):
        for column, points in _compared(node, ways):
            found.setdefault(column, []).append(points)
    joined = {column: np.unique(np.concatenate(points)) for column, points in sorted(found.items())}
    return {column: points[np.isfinite(points)] for column, points in joined.items()}


def tree_ensembles(graph: bytes, *, source: str = "numbers") -> Iterator[tuple[Any, Ways]]:
    """Give each `TreeEnsemble` node of a graph with the ways of its input's columns from `source`."""
    from onnx import ModelProto, numpy_helper

    model = ModelProto.FromString(graph)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    known: dict[str, Ways] = {}
    for item in model.graph.input:
        if item.name == source:
            width = item.type.tensor_type.shape.dim[1].dim_value
            known[source] = [Way(column) for column in range(width)]
    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            yield node, known.get(node.input[0], [])
        elif node.output:
            known[node.output[0]] = _passed_on(node, known, constants)


def _passed_on(node: Any, known: Mapping[str, Ways], constants: Mapping[str, NDArray[Any]]) -> Ways:
    """Follow the columns through a node; empty where not even their number is known."""
    inputs = [known.get(name, []) for name in node.input]
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    if node.op_type == "Gather":
        return _gathered(node, inputs, constants, axis)
    if node.op_type == "Concat":
        return [way for ways in inputs for way in ways] if axis == 1 and all(inputs) else _first(inputs, axis)
    if node.op_type in STEPS and len(node.output) == 1:
        stepped = _stepped(node, inputs, constants)
        if stepped:
            return stepped
    if node.op_type == "Identity":
        return inputs[0]
    return [None] * _width(node, inputs, constants) if node.op_type in _ELEMENTWISE else []


def _gathered(node: Any, inputs: Sequence[Ways], constants: Mapping[str, NDArray[Any]], axis: int) -> Ways:
    """Follow a choice of columns, or count the columns of a look-up in a table."""
    table, picks = constants.get(node.input[0]), constants.get(node.input[1])
    if table is not None and table.ndim == 1 and axis == 0:
        return [None] * len(inputs[1])
    if axis != 1 or picks is None or picks.ndim != 1:
        return []
    return [inputs[0][index] if inputs[0] else None for index in picks.tolist()]


_ELEMENTWISE = STEPS | {
    "Abs", "And", "Clip", "Equal", "Exp", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less",
    "LessOrEqual", "Log", "Max", "Min", "Neg", "Not", "Or", "Pow", "Sigmoid", "Sign", "Sqrt", "Tanh",
}  # fmt: skip


def _width(node: Any, inputs: Sequence[Ways], constants: Mapping[str, NDArray[Any]]) -> int:
    """Count the columns of an elementwise result; 0 where that is not known."""
    widths = [
        constants[name].shape[-1]
        if name in constants and constants[name].ndim
        else len(ways) or (name in constants)
        for name, ways in zip(node.input, inputs, strict=True)
    ]
    return int(max(widths)) if all(widths) else 0


def _first(inputs: Sequence[Ways], axis: int) -> Ways:
    """Join what stands before the first part of unknown width; where the rest stands, nobody knows."""
    joined: Ways = []
    for ways in inputs if axis == 1 else ():
        if not ways:
            break
        joined.extend(ways)
    return joined


def _stepped(node: Any, inputs: Sequence[Ways], constants: Mapping[str, NDArray[Any]]) -> Ways:
    """Take each column one step further, where the other operand is a constant for each column."""
    from onnx import helper

    if node.op_type == CAST:
        to = next(item.i for item in node.attribute if item.name == "to")
        dtype = helper.tensor_dtype_to_np_dtype(to)
        return [_then(way, CAST, dtype.type(0)) if dtype.kind == "f" else None for way in inputs[0]]
    ways, constant = (inputs[2], node.input[1]) if node.op_type == FILL else (inputs[0], node.input[1])
    if node.op_type in {"Add", "Mul"} and not ways:
        ways, constant = inputs[1], node.input[0]
    if not ways or constant not in constants:
        return []
    try:
        each = np.broadcast_to(constants[constant].squeeze(), len(ways))
    except ValueError:
        return []
    return [_then(way, node.op_type, number) for way, number in zip(ways, each, strict=True)]


def _then(way: Way | None, op: str, constant: Any) -> Way | None:
    return None if way is None else way.then(op, constant)


def _compared(node: Any, ways: Ways) -> list[tuple[int, NDArray[np.float64]]]:
    """List the input columns that an ensemble compares with numbers, and where it changes its mind."""
    from onnx import numpy_helper

    attributes = {item.name: item for item in node.attribute}
    features = np.array(attributes["nodes_featureids"].ints)
    splits = numpy_helper.to_array(attributes["nodes_splits"].t).astype(np.float64)
    modes = numpy_helper.to_array(attributes["nodes_modes"].t)
    plain = (modes < _FIRST_MODE_OF_OTHERS) & np.isfinite(splits)
    strict = bool((modes[plain] == _BELOW).any())
    return [
        (way.column, way.back(np.unique(splits[plain & (features == feature)]), strict=strict))
        for feature in np.unique(features[plain]).tolist()
        if feature < len(ways) and (way := ways[feature]) is not None
    ]
