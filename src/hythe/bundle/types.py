"""Which Arrow type each column type has, and back."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa

from hythe.bundle.schema import Column, ColumnType, Scalar

_PLAIN: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "string": pa.string(),
    **{
        name: pa.type_for_alias(name)
        for name in get_args(ColumnType)
        if name not in {"bool", "string", "category", "timestamp"}
    },
}
_NAMES: dict[pa.DataType, ColumnType] = {arrow: name for name, arrow in _PLAIN.items()}  # type: ignore[misc]  # the keys are ColumnType


def arrow_type(column: Column) -> pa.DataType:
    """Give the Arrow type in which `column` travels; a category travels as its plain values.

    >>> arrow_type(Column("colour", "category", categories=("red", "blue")))
    DataType(string)
    """
    if column.type == "category":
        return scalar_type(column.categories or ())
    if column.type == "timestamp":
        return pa.timestamp(column.unit, column.zone or None)
    return _PLAIN[column.type]


def scalar_type(values: tuple[Scalar, ...]) -> pa.DataType:
    """Give the Arrow type of category values, which are all of one kind.

    >>> scalar_type((1, 2)), scalar_type(())
    (DataType(int64), DataType(string))
    """
    first = values[0] if values else ""
    if isinstance(first, bool):
        return pa.bool_()
    if isinstance(first, int):
        return pa.int64()
    return pa.float64() if isinstance(first, float) else pa.string()


def column_type(arrow: pa.DataType) -> ColumnType | None:
    """Name the column type of a plain Arrow type; None where there is none.

    >>> column_type(pa.float32()), column_type(pa.decimal128(9, 2))
    ('float32', None)
    """
    if pa.types.is_timestamp(arrow):
        return "timestamp"
    return _NAMES.get(arrow)
