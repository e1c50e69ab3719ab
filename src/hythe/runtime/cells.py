"""One cell at a time: what a column expects, in words and as a check.

This is the slow and explaining twin of the compiled decoder: it says what is wrong with a value, and takes
what msgspec is too strict for (3.0 where an integer is expected, numpy's scalars, NaN for a missing value).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from hythe.bundle.schema import EXACT_INTEGER, Column

MAX_FLOAT32 = 3.4028234663852886e38
"""The greatest finite float32."""

Zoned: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Naive: TypeAlias = Annotated[datetime, msgspec.Meta(tz=False)]
Check: TypeAlias = Callable[[Any], Any]
"""Gives the cell as the decoder would, or raises ValueError."""


def integer_limits(column: Column) -> tuple[int, int]:
    """Give the least and the greatest integer that an integer column takes.

    >>> integer_limits(Column("age", "int8", minimum=0))
    (0, 127)
    """
    if column.type in {"int64", "uint64"}:
        low, high = -EXACT_INTEGER, EXACT_INTEGER
    else:
        bits = int(column.type.removeprefix("u").removeprefix("int"))
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if column.type.startswith("u"):
            low, high = 0, 2**bits - 1
    if column.type.startswith("u"):
        low = 0
    low = low if column.minimum is None else max(low, _ceil(column.minimum))
    high = high if column.maximum is None else min(high, int(column.maximum // 1))
    return low, high


def is_integer(column: Column) -> bool:
    """Tell whether the column takes integers."""
    return "int" in column.type


def float_limits(column: Column) -> tuple[float | None, float | None]:
    """Give the limits of a float column; None where there is none."""
    low, high = column.minimum, column.maximum
    if column.type == "float32":
        low = -MAX_FLOAT32 if low is None else low
        high = MAX_FLOAT32 if high is None else high
    return low, high


def expected(column: Column) -> str:
    """Say in words what a column takes.

    >>> expected(Column("tenure", "int64", minimum=0, maximum=72, nullable=True))
    'an integer from 0 to 72, or null'
    """
    return f"{_expected(column)}, or null" if column.nullable else _expected(column)


def checker(column: Column) -> Check:
    """Make the check of one column."""
    check = _checker(column)

    def checked(value: Any) -> Any:
        value = _plain(value)
        if value is None or (value != value and (column.null == "nan" or column.type[:5] != "float")):  # noqa: PLR0124 - only NaN differs from itself
            if not column.nullable:
                raise ValueError(value)
            return None
        return check(value)

    return checked


def _expected(column: Column) -> str:
    if column.categories is not None:
        shown = ", ".join(show(value) for value in column.categories[:10])
        return f"one of {shown}" + (", …" if len(column.categories) > 10 else "")  # noqa: PLR2004 - as sliced
    if is_integer(column):
        low, high = integer_limits(column)
        return f"an integer from {low} to {high}"
    if column.type in {"float32", "float64"}:
        limits = {"at least": column.minimum, "at most": column.maximum}
        return " and ".join(["a number", *[f"{word} {v:g}" for word, v in limits.items() if v is not None]])
    if column.type == "timestamp":
        zone = "with" if column.zone else "without"
        return f"a timestamp {zone} a time zone (RFC 3339)"
    return "true or false" if column.type == "bool" else "a string"


def _checker(column: Column) -> Check:
    if column.categories is not None:
        return _category(column)
    if is_integer(column):
        return _integer(*integer_limits(column))
    if column.type in {"float32", "float64"}:
        return _number(*float_limits(column))
    if column.type == "timestamp":
        return _timestamp(zoned=bool(column.zone))
    return _instance(bool if column.type == "bool" else str)


def _instance(kind: type) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(value)
        return value

    return check


def _integer(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if type(value) not in {int, float} or value % 1 != 0:
            raise ValueError(value)
        if not low <= value <= high:
            raise ValueError(value)
        return int(value)

    return check


def _number(low: float | None, high: float | None) -> Check:
    def check(value: Any) -> float:
        if type(value) not in {int, float}:
            raise ValueError(value)
        number = float(value)
        if number - number == 0 and (
            (low is not None and number < low) or (high is not None and number > high)
        ):
            raise ValueError(value)
        return number

    return check


def _timestamp(*, zoned: bool) -> Check:
    kind = Zoned if zoned else Naive

    def check(value: Any) -> datetime:
        try:
            moment: datetime = msgspec.convert(value, type=kind)
        except msgspec.ValidationError as err:
            raise ValueError(value) from err
        return moment

    return check


def _category(column: Column) -> Check:
    known = {(type(value), value) for value in column.categories or ()}
    numbers = {float(value) for kind, value in known if kind is float}

    def check(value: Any) -> Any:
        if (type(value), value) in known:
            return value
        if type(value) in {int, float} and float(value) in numbers:
            return float(value)
        if type(value) is float and value % 1 == 0 and (int, int(value)) in known:
            return int(value)
        raise ValueError(value)

    return check


def _plain(value: Any) -> Any:
    """Turn numpy's and pandas' scalars into Python's; their marks of a missing value into None."""
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    item = getattr(value, "item", None)
    if callable(item) and type(value).__module__ == "numpy":
        return item()
    return value


def show(value: Any) -> str:
    """Write a value as the caller sent it, cut after 60 characters.

    >>> show("x" * 100) == '"' + "x" * 58 + "…"
    True
    >>> show(None), show(True), show({"a": 1})
    ('null', 'true', '{"a":1}')
    """
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, UnicodeError):
        text = repr(value)
    if value != value:  # noqa: PLR0124 - NaN, which JSON does not have
        text = "NaN"
    most = 60
    return text if len(text) <= most else text[: most - 1] + "…"


def _ceil(value: float) -> int:
    return -int(-value // 1)
