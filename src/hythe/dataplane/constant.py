"""The answer that an endpoint gives when nothing else can: the same for every row, written into its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output
from hythe.runtime.answers import class_name
from hythe.runtime.cells import show


def constant_answers(outputs: Sequence[Output], constant: Mapping[str, Any], rows: int) -> Answers:
    """Answer `rows` rows with a value for each output, written as clients see it.

    Raises:
        Invalid: naming the output whose value is missing, strange, or of another type or shape.

    >>> outputs = [Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))]
    >>> answers = constant_answers(outputs, {"label": "no", "probabilities": {"yes": 0.1, "no": 0.9}}, 2)
    >>> answers["label"].tolist(), answers["probabilities"].tolist()
    (['no', 'no'], [[0.9, 0.1], [0.9, 0.1]])
    """
    names = [output.name for output in outputs]
    if set(names) != set(constant):
        raise Invalid(
            f"the plan's constant has {show(list(constant))}; give a value for each of {show(names)}"
        )
    return {output.name: _repeated(output, constant[output.name], rows) for output in outputs}


def _repeated(output: Output, value: Any, rows: int) -> Array:
    cells = _in_order(output, value) if isinstance(value, Mapping) else value
    try:
        array = np.array(cells)
    except ValueError as err:
        raise _wrong(output, value) from err
    if not _fits(output, array):
        raise _wrong(output, value)
    typed = array.astype(object if output.dtype == "str" else output.dtype)
    return np.repeat(typed[None], rows, axis=0)


def _in_order(output: Output, scores: Mapping[str, Any]) -> list[Any]:
    """Put scores that are named by their classes into the order of the classes."""
    names = [class_name(each) for each in output.classes or ()]
    if set(names) != set(scores):
        raise _wrong(output, scores)
    return [scores[name] for name in names]


def _fits(output: Output, array: Array) -> bool:
    """Tell whether the value has the output's shape and can be of its type without a change."""
    known = len(array.shape) == len(output.shape) and all(
        axis in {-1, length} for axis, length in zip(output.shape, array.shape, strict=True)
    )
    if output.dtype == "str":
        return known and array.dtype.kind == "U"
    target = np.dtype(output.dtype)
    if target.kind == "O":
        return known
    if array.dtype.kind == "b" or target.kind == "b":
        return known and array.dtype.kind == target.kind
    if not known or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        return False
    with np.errstate(invalid="ignore"):
        return target.kind == "f" or bool((array.astype(target) == array).all())


def _wrong(output: Output, value: Any) -> Invalid:
    shape = "" if not output.shape else f" {list(output.shape)}"
    return Invalid(f"the plan's constant has {show(value)} for {output.name!r}; give {output.dtype}{shape}")
