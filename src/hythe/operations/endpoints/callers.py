"""What would break the callers of an endpoint when another version answers them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hythe.bundle.schema import Column, Output, Scalar, Schema, Tensor
from hythe.runtime.cells import expected, integer_limits, is_integer


def breaks(before: Schema, after: Schema) -> list[str]:
    """Say, a sentence each, which requests that fit `before` do not fit `after`, and which answers differ.

    An input that callers may leave out is no break, nor is one that takes more than it did. Outputs have to
    be the same, and may be more.

    >>> old = Schema((Column("age", "int8"),))
    >>> new = Schema((Column("age", "int64"), Column("plan", "string")))
    >>> breaks(old, new)
    ["it needs 'plan' (a string), which callers do not send"]
    >>> breaks(new, old)
    ["it refuses 'plan', which callers send", "'age' was an integer from -9007199254740992 to \
9007199254740992 and is now an integer from -128 to 127"]
    """
    return [*_missing(before, after), *_inputs(before, after), *_outputs(before, after)]


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


def _outputs(before: Schema, after: Schema) -> Iterator[str]:
    given = {item.name: item for item in after.outputs}
    for old in before.outputs:
        new = given.get(old.name)
        if new is None:
            yield f"it does not answer {old.name!r}"
        elif _form(new) != _form(old):
            yield f"answer {old.name!r} was {_answer(old)} and is now {_answer(new)}"


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


def _form(output: Output) -> tuple[object, ...]:
    """Give what callers rely on; answers say themselves how wide their numbers are."""
    kind = output.dtype.rstrip("0123456789").removeprefix("u")
    return kind, output.shape, output.classes


def _said(item: Column | Tensor) -> str:
    return expected(item) if isinstance(item, Column) else f"a tensor {item.dtype}{list(item.shape)}"


def _answer(output: Output) -> str:
    classes = "" if output.classes is None else " of " + ", ".join(str(each) for each in output.classes)
    return f"{output.dtype}{list(output.shape) if output.shape else ''}{classes}"
