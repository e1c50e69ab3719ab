"""A row that fits a schema, where there is no real one."""

from __future__ import annotations

from typing import Any

from hythe.bundle.schema import Column, Schema, Tensor
from hythe.runtime.cells import integer_limits, is_integer


def sample_row(schema: Schema) -> dict[str, Any]:
    """Make a row of JSON values that a reader of the schema takes.

    >>> sample_row(Schema((Column("age", "int64", minimum=18), Tensor("pixels", "float32", (2, -1)))))
    {'age': 18, 'pixels': [[0], [0]]}
    """
    return {item.name: _value(item) for item in schema.inputs}


def _value(item: Column | Tensor) -> Any:
    if isinstance(item, Tensor):
        return _nested({"s": "", "b": False}.get(item.dtype[:1], 0), item.shape)
    if item.categories:
        return item.categories[0]
    if is_integer(item):
        low, high = integer_limits(item)
        return min(max(0, low), high)
    if item.type in {"float32", "float64"}:
        return item.minimum if item.minimum is not None else item.maximum if item.maximum is not None else 0.5
    if item.type == "timestamp":
        return "2026-01-02T03:04:05Z" if item.zone else "2026-01-02T03:04:05"
    return True if item.type == "bool" else "text"


def _nested(cell: Any, shape: tuple[int, ...]) -> Any:
    for length in reversed(shape):
        cell = [cell] * max(length, 1)
    return cell
