"""Cells of tables as plain numbers and moments, whatever they were written as."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from hythe.bundle.schema import Column
from hythe.bundle.types import arrow_type

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(inf|Infinity)$|^nan$|^NaN$"
_TRUTH = r"(?i)^(true|false|1|0)$"


def numbers_of(values: pa.Array, *, truth: bool = False) -> tuple[pa.Array, int]:
    """Read cells as numbers, of whatever width; give how many of them are none, which become missing.

    With `truth` the words true and false are 1 and 0.

    >>> numbers_of(pa.array(["2.5", None, "2,5"]))[0].to_pylist()
    [2.5, None, None]
    >>> numbers_of(pa.array(["true", "0", "maybe"]), truth=True)[0].to_pylist()
    [1, 0, None]
    """
    values = plain(values)
    kind = values.type
    if pa.types.is_boolean(kind):
        return values.cast(pa.uint8()), 0
    if pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return values, 0
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return values.cast(pa.float64()), 0
    if _is_text(kind):
        return _from_text(values, _TRUTH if truth else _NUMBER, truth=truth)
    return pa.nulls(len(values), pa.float64()), len(values) - values.null_count


def moments_of(values: pa.Array, column: Column) -> tuple[pa.Array, int]:
    """Read cells as timestamps of a column's unit; give how many are none, which become missing.

    Text is RFC 3339, a date its first moment; without a zone it is UTC. What is finer than the unit is cut.

    >>> moments_of(pa.array(["2026-01-02T00:00:00", "soon"]), Column("at", "timestamp"))[1]
    1
    """
    values = plain(values)
    kind = values.type
    target = arrow_type(column)
    if _is_text(kind):
        return _moments_from_text(values, target)
    if pa.types.is_date(kind):
        return values.cast(pa.timestamp("s")).cast(pa.timestamp(column.unit), safe=False), 0
    if pa.types.is_timestamp(kind):
        return values.cast(pa.timestamp(column.unit, kind.tz), safe=False), 0
    return pa.nulls(len(values), target), len(values) - values.null_count


def flattened(values: pa.Array) -> pa.Array:
    """Give the scalars in lists, lists of lists, and so on; a missing list has none.

    >>> flattened(pa.array([[[1, 2]], None, [[3]]])).to_pylist()
    [1, 2, 3]
    """
    while pa.types.is_nested(values.type) and hasattr(values, "flatten"):
        values = values.flatten()
    return values


def plain(values: pa.Array) -> pa.Array:
    """Take away what Arrow wraps values in: extension types and dictionaries."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _from_text(values: pa.Array, pattern: str, *, truth: bool) -> tuple[pa.Array, int]:
    """Cast what looks like a number; Arrow alone would stop at the first cell that does not."""
    trimmed = pc.utf8_trim_whitespace(values.cast(pa.string()))
    target = pa.bool_() if truth else pa.float64()
    try:
        read = trimmed.cast(target)
    except pa.ArrowInvalid:
        fits = pc.match_substring_regex(trimmed, pattern)
        read = pc.if_else(fits, trimmed, None).cast(target)
    return read.cast(pa.uint8()) if truth else read, read.null_count - values.null_count


def _moments_from_text(values: pa.Array, target: pa.DataType) -> tuple[pa.Array, int]:
    try:
        return values.cast(pa.string()).cast(target), 0
    except pa.ArrowInvalid:
        found = [None if text is None else _moment(text) for text in values.to_pylist()]
        read = pa.array(found, pa.timestamp("us", "UTC")).cast(pa.timestamp(target.unit, "UTC"), safe=False)
        return read, read.null_count - values.null_count


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
