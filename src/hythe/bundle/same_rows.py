"""Whether one version reads every row that another reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from hythe.bundle.schema import Column, Schema, Tensor

_Test: TypeAlias = Callable[[Column, Column], bool]


def unread(one: Schema, other: Schema) -> str:
    """Say which rows of `one` the `other` does not read, as the first difference found; "" when it reads all.

    The order of the inputs and how the original was called make no difference.

    >>> unread(Schema((Column("age", "int64"),)), Schema((Column("age", "int64", minimum=0),)))
    "column 'age' has minimum 0 there, not None"
    """
    return next(_differences(one, other), "")


def _differences(one: Schema, other: Schema) -> Iterator[str]:
    theirs = {item.name: item for item in other.inputs}
    for item in one.inputs:
        match = theirs.pop(item.name, None)
        if match is None:
            yield f"{_kind(item)} {item.name!r} is not among the inputs there"
        elif isinstance(item, Tensor) or isinstance(match, Tensor):
            yield from _tensors(item, match)
        else:
            yield from _columns(item, match)
    for item in theirs.values():
        yield f"there is a {_kind(item)} {item.name!r} beside"


def _kind(item: Column | Tensor) -> str:
    return "tensor" if isinstance(item, Tensor) else "column"


def _tensors(one: Column | Tensor, other: Column | Tensor) -> Iterator[str]:
    if isinstance(one, Column) or isinstance(other, Column):
        yield f"{_kind(one)} {one.name!r} is a {_kind(other)} there"
    elif one.dtype != other.dtype or not _takes(one.shape, other.shape):
        here, there = (f"{item.dtype}{list(item.shape)}" for item in (one, other))
        yield f"tensor {one.name!r} is {there} there, not {here}"


def _takes(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(one) == len(other) and all(b in {-1, a} for a, b in zip(one, other, strict=True))


def _columns(one: Column, other: Column) -> Iterator[str]:
    for field, reads in _READS.items():
        if not reads(one, other):
            here, there = getattr(one, field), getattr(other, field)
            yield f"column {one.name!r} has {field} {there!r} there, not {here!r}"


def _reads_categories(one: Column, other: Column) -> bool:
    if other.categories is None:
        return True
    known = {(type(value), value) for value in other.categories}
    return one.categories is not None and {(type(value), value) for value in one.categories} <= known


_READS: dict[str, _Test] = {
    "type": lambda one, other: one.type == other.type,
    "nullable": lambda one, other: other.nullable or not one.nullable,
    "minimum": lambda one, other: (
        other.minimum is None or (one.minimum is not None and one.minimum >= other.minimum)
    ),
    "maximum": lambda one, other: (
        other.maximum is None or (one.maximum is not None and one.maximum <= other.maximum)
    ),
    "categories": _reads_categories,
    "unit": lambda one, other: one.type != "timestamp" or one.unit == other.unit,
    "zone": lambda one, other: one.type != "timestamp" or bool(one.zone) == bool(other.zone),
}
