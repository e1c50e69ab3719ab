"""Whether one version reads every row that another reads."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hythe.bundle.schema import Column, Scalar, Schema, Tensor
from hythe.runtime.cells import expected, integer_limits, is_integer


def unread(before: Schema, after: Schema) -> list[str]:
    """Say, a sentence each, which rows that fit `before` do not fit `after`; their order makes no difference.

    An input that may be left out is none, nor is one that takes more than it did.

    >>> unread(Schema((Column("age", "int8", minimum=0),)), Schema((Column("age", "int64"),)))
    []
    """
    return [*_missing(before, after), *_inputs(before, after)]


def _missing(before: Schema, after: Schema) -> Iterator[str]:
    known, wanted = {item.name for item in before.inputs}, {item.name for item in after.inputs}
    for item in before.inputs:
        if item.name not in wanted:
            yield f"it refuses {item.name!r}, which callers send"
    for item in after.inputs:
        if item.name not in known and not (isinstance(item, Column) and item.nullable):
            yield f"it needs {item.name!r} ({_said(item)}), which callers do not send"


def _inputs(before: Schema, after: Schema) -> Iterator[str]:
    standing = {item.name: item for item in before.inputs}
    for new in after.inputs:
        old = standing.get(new.name)
        if old is not None and not _takes(old, new):
            yield f"{new.name!r} was {_said(old)} and is now {_said(new)}"


def _takes(old: Column | Tensor, new: Column | Tensor) -> bool:
    """Tell whether everything that fitted the one fits the other."""
    if isinstance(old, Tensor) or isinstance(new, Tensor):
        return isinstance(old, Tensor) and isinstance(new, Tensor) and _takes_tensor(old, new)
    if old.nullable and not new.nullable:
        return False
    if new.categories is not None:
        return old.categories is not None and set(old.categories) <= set(new.categories)
    if old.categories is not None:
        return all(_holds(new, value) for value in old.categories)
    return _kind(old) == _kind(new) and (_kind(new) != "number" or _within(old, new))


def _takes_tensor(old: Tensor, new: Tensor) -> bool:
    same = old.dtype == new.dtype and len(old.shape) == len(new.shape)
    return same and all(b in {-1, a} for a, b in zip(old.shape, new.shape, strict=True))


def _holds(column: Column, value: Scalar) -> bool:
    """Tell whether a column without categories takes what was a category."""
    if isinstance(value, str | bool):
        return _kind(column) == ("text" if isinstance(value, str) else "bool")
    low, high = _limits(column)
    whole = not is_integer(column) or value % 1 == 0
    return _kind(column) == "number" and whole and low <= value <= high


def _kind(column: Column) -> str:
    if column.type == "timestamp":
        return "zoned" if column.zone else "naive"
    if column.type in {"string", "category"}:
        return "text"
    return "bool" if column.type == "bool" else "number"


def _within(old: Column, new: Column) -> bool:
    """Tell whether the numbers of one column are numbers of the other; rounding to float32 is none of it."""
    if is_integer(new) and not is_integer(old):
        return False
    (old_low, old_high), (low, high) = _limits(old), _limits(new)
    return low <= old_low and old_high <= high


def _limits(column: Column) -> tuple[float, float]:
    if is_integer(column):
        return integer_limits(column)
    low, high = column.minimum, column.maximum
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _said(item: Column | Tensor) -> str:
    return expected(item) if isinstance(item, Column) else f"a tensor {item.dtype}{list(item.shape)}"
