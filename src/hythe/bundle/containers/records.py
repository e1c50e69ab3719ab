"""Lists of dictionaries, and dictionaries of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid
from hythe.bundle.containers.arrays import read_column, to_array, to_objects
from hythe.bundle.found import Found, from_objects
from hythe.bundle.schema import Column, Schema


def read(records: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Read a list of dictionaries; a key that a row lacks is a missing value.

    Raises:
        Invalid: when keys are not strings, or values cannot be expressed.

    """
    names: dict[str, None] = {}
    for index, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise Invalid(f"row {index} is {type(record).__name__}, not a dictionary like the first row")
        names.update(dict.fromkeys(record))
    return [from_objects(_name(n), [record.get(n) for record in records], "object") for n in names]


def build(table: pa.Table, schema: Schema) -> list[dict[str, Any]]:
    """Rebuild the list of dictionaries that the original model was given."""
    names = [column.name for column in schema.columns]
    cells = [
        to_objects(values, column.null).tolist()
        for values, column in zip(table.columns, schema.columns, strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def read_columns(columns: Mapping[str, Any]) -> list[Found]:
    """Read a dictionary of one-dimensional arrays or lists.

    Raises:
        Invalid: when lengths differ, names are not strings, or values cannot be expressed.

    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise Invalid(f"columns have different numbers of rows: {lengths}; give each the same number")
    return [
        read_column(_name(name), values)
        if isinstance(values, np.ndarray)
        else from_objects(_name(name), list(values), "list")
        for name, values in columns.items()
    ]


def build_columns(table: pa.Table, schema: Schema) -> dict[str, Any]:
    """Rebuild the dictionary of columns that the original model was given."""
    return {
        column.name: _column(values, column)
        for values, column in zip(table.columns, schema.columns, strict=True)
    }


def _column(values: pa.ChunkedArray, column: Column) -> Any:
    objects = column.native in {"", "list", "object"}
    if objects or (values.null_count and column.type in {"bool", "string"}):
        cells = to_objects(values, column.null)
        return cells.tolist() if column.native == "list" else cells
    if column.native == "str":
        return to_objects(values, column.null).astype(str)
    return to_array(values, np.dtype(column.native))


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise Invalid(f"column name {name!r} is {type(name).__name__}, not str; name the columns by strings")
    return name
