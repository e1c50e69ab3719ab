"""What was found in one column of the user's data: its values in Arrow, and how it was held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid
from hythe.bundle.schema import ColumnType, Null, Scalar
from hythe.bundle.types import column_type

REMEDIES: Mapping[str, str] = {
    "bytes": "decode it to str",
    "complex": "split it into a real and an imaginary column",
    "date": "convert it to a timestamp, or to days as an integer",
    "time": "convert it to seconds as a number",
    "timedelta": "convert it to seconds as a number",
    "Decimal": "convert it to float, or to an integer of the smallest unit",
    "dict": "flatten it into one column for each key",
    "list": "give each position a column of its own, or pass a dictionary of arrays (tensors)",
    "tuple": "give each position a column of its own",
    "set": "give each member a column of True and False",
    "ndarray": "pass a dictionary of arrays (tensors) instead of a table",
}
"""What to do about values that no column can hold, by the name of their type."""
_KINDS: Mapping[str, str] = {
    "str": "string",
    "bool": "bool",
    "int": "int64",
    "float": "float64",
    "datetime": "timestamp",
    "Timestamp": "timestamp",
}
_NULLS: Mapping[str, Null] = {"NoneType": "none", "NAType": "NA", "NaTType": "NaT"}


@dataclass(frozen=True, slots=True)
class Found:
    """One column: plain Arrow values (nulls are missing), the original's dtype and its missing value."""

    name: str
    array: pa.Array
    native: str
    null: Null = "nan"
    categories: tuple[Scalar, ...] | None = None

    @property
    def type(self) -> ColumnType | None:
        """The column type; None when every value is missing and nothing says what they would be."""
        return "category" if self.categories is not None else column_type(self.array.type)


def refuse(name: str, kind: str, remedy: str = "") -> Invalid:
    """Make the error for a column that cannot be expressed.

    >>> str(refuse("price", "Decimal"))
    "column 'price' holds Decimal, which a schema cannot express; convert it to float, or to an integer of \
the smallest unit"
    """
    cure = remedy or REMEDIES.get(kind, "convert it to numbers, booleans, strings or timestamps")
    return Invalid(f"column {name!r} holds {kind}, which a schema cannot express; {cure}")


def plain(name: str, values: pa.Array | pa.ChunkedArray, native: str) -> pa.Array:
    """Bring Arrow values to the plain type that rows travel in.

    Raises:
        Invalid: when no column type holds them.

    """
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if column_type(values.type) is None and not pa.types.is_null(values.type):
        raise refuse(name, native, _arrow_remedy(values.type))
    return values


def _arrow_remedy(kind: pa.DataType) -> str:
    if pa.types.is_nested(kind):
        return "flatten it into one column for each scalar, or pass a dictionary of arrays (tensors)"
    if pa.types.is_decimal(kind):
        return REMEDIES["Decimal"]
    if pa.types.is_float16(kind):
        return "convert it to float32, which holds every float16 exactly"
    word = "".join(letter for letter in str(kind).partition("[")[0] if letter.isalpha())
    return REMEDIES.get(
        {"duration": "timedelta", "binary": "bytes", "largebinary": "bytes"}.get(word, word), ""
    )


def from_objects(name: str, values: Sequence[Any], native: str) -> Found:
    """Read Python objects: find the one kind they are of, and the one value that marks missing.

    Integers among floats become floats. `native` is kept as given.

    Raises:
        Invalid: for mixed kinds, mixed marks of missing, and kinds that no column holds.

    """
    seen = {kind.__name__: kind for kind in set(map(type, values))}
    nulls = {_NULLS[kind] for kind in seen if kind in _NULLS}
    kinds = {_kind(name, kind) for word, kind in seen.items() if word not in _NULLS}
    if "float64" in kinds and not kinds <= {"float64", "int64"} and _floats_are_nan(values):
        kinds.discard("float64")
        nulls.add("nan")
    elif kinds == {"float64", "int64"}:
        values, kinds, nulls = _numbers(values, nulls)
    if len(kinds) > 1:
        words = " and ".join(sorted(kinds))
        raise refuse(name, f"mixed types ({words})", "convert all of its values to one type")
    if len(nulls) > 1:
        marks = " and ".join(sorted(nulls))
        raise refuse(name, f"two marks of missing ({marks})", "replace one of them by the other")
    kind = next(iter(kinds), None)
    null: Null = next(iter(nulls), "nan")
    return Found(name, _convert(name, values, kind, null), native, null)


def _kind(name: str, kind: type) -> str:
    word = _KINDS.get(kind.__name__)
    if word is None and issubclass(kind, np.generic):
        word = next(
            (
                found
                for base, found in (
                    (np.bool_, "bool"),
                    (np.integer, "int64"),
                    (np.floating, "float64"),
                    (np.str_, "string"),
                )
                if issubclass(kind, base)
            ),
            None,
        )
    if word is None:
        raise refuse(name, kind.__name__)
    return word


def _is_float(value: object) -> bool:
    return isinstance(value, float | np.floating)


def _floats_are_nan(values: Sequence[Any]) -> bool:
    return all(math.isnan(value) for value in values if _is_float(value))


def _numbers(values: Sequence[Any], nulls: set[Null]) -> tuple[Sequence[Any], set[str], set[Null]]:
    """Join integers and floats: floats that are all NaN only mark missing integers."""
    if _floats_are_nan(values):
        return values, {"int64"}, nulls | {"nan"}
    return [v if v is None or _missing(v) else float(v) for v in values], {"float64"}, nulls


def _missing(value: object) -> bool:
    return value is None or type(value).__name__ in _NULLS


def _convert(name: str, values: Sequence[Any], kind: str | None, null: Null) -> pa.Array:
    """Make the Arrow array; in float columns NaN stays NaN and only None, NA and NaT become null."""
    if kind is None:
        return pa.nulls(len(values))
    if kind == "timestamp":
        return _timestamps(name, values)
    keep = kind == "float64"
    if null != "none":
        values = [None if _missing(v) or (not keep and _is_float(v)) else v for v in values]
    try:
        return pa.array(values, type=pa.type_for_alias(kind), from_pandas=False)
    except (pa.ArrowInvalid, OverflowError) as err:
        raise Invalid(f"column {name!r} cannot be read as {kind}: {err}") from err


def _timestamps(name: str, values: Sequence[Any]) -> pa.Array:
    moments: list[datetime | None] = [None if _missing(v) or _is_float(v) else v for v in values]
    zones = {zone_name(m.tzinfo) for m in moments if m is not None}
    if len(zones) > 1:
        raise refuse(name, f"timestamps of several time zones ({', '.join(sorted(zones))})", "convert to UTC")
    return pa.array(moments, type=pa.timestamp("us", next(iter(zones)) or None))


def zone_name(zone: tzinfo | None) -> str:
    """Name a time zone as Arrow does; "" for none.

    >>> from datetime import timedelta, timezone
    >>> zone_name(timezone.utc), zone_name(timezone(timedelta(hours=2)))
    ('UTC', '+02:00')
    """
    if zone is None:
        return ""
    word = str(zone)
    return word.removeprefix("UTC") if word.startswith(("UTC+", "UTC-")) else word
