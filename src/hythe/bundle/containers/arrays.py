"""numpy: two-dimensional arrays of columns, one-dimensional sequences, and dictionaries of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid
from hythe.bundle.found import Found, from_objects, plain, refuse
from hythe.bundle.rows import Array
from hythe.bundle.schema import Null, Schema

_UNSUPPORTED = {"c": "complex", "V": "structured records", "S": "bytes", "m": "timedelta"}


def read(values: Array) -> list[Found]:
    """Read the columns `x0`, `x1`, … of a two-dimensional array.

    Raises:
        Invalid: for dtypes that no column holds.

    """
    return [read_column(f"x{index}", values[:, index]) for index in range(values.shape[1])]


def read_column(name: str, values: Array) -> Found:
    """Read one column from a one-dimensional array."""
    kind = values.dtype.kind
    if kind == "O":
        return from_objects(name, values.tolist(), "object")
    if kind in "UT":
        return from_objects(name, values.tolist(), "str")
    if kind in _UNSUPPORTED:
        raise refuse(name, _UNSUPPORTED[kind])
    native = str(values.dtype.newbyteorder("="))
    arrow = pa.array(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False)))
    return Found(name, plain(name, arrow, native), native, "NaT" if kind == "M" else "nan")


def build(table: pa.Table, schema: Schema) -> Array:
    """Rebuild the two-dimensional array that the original model was given.

    Integers and booleans become float64 where a value is missing, as no integer array holds that.
    """
    columns = schema.columns
    if schema.native_dtype in {"object", "str"}:
        cells = np.empty((table.num_rows, len(columns)), dtype=object)
        for index, column in enumerate(columns):
            cells[:, index] = to_objects(table.column(index), column.null)
        missing = any(values.null_count for values in table.columns)
        return cells if schema.native_dtype == "object" or missing else cells.astype(str)
    dtype = np.dtype(schema.native_dtype or np.float64)
    if dtype.kind in "biu" and any(values.null_count for values in table.columns):
        dtype = np.dtype(np.float64)
    numbers = np.empty((table.num_rows, len(columns)), dtype=dtype)
    for index, values in enumerate(table.columns):
        numbers[:, index] = to_array(values, dtype)
    return numbers


def read_sequence(values: Any) -> list[Found]:
    """Read a one-dimensional sequence of strings as the column `text`.

    Raises:
        Invalid: for numbers, which need a second axis to say whether they are a row or a column.

    """
    import_free = values.tolist() if hasattr(values, "tolist") else list(values)
    found = from_objects("text", import_free, _sequence_kind(values))
    if found.type not in {"string", None}:
        raise Invalid(
            f"examples have one axis and hold {found.type}; give a table, or values.reshape(-1, 1) for one "
            "column and values.reshape(1, -1) for one row"
        )
    return [found]


def _sequence_kind(values: Any) -> str:
    if isinstance(values, np.ndarray):
        return "object" if values.dtype.kind == "O" else "str"
    return "list" if isinstance(values, Sequence) else "series"


def build_sequence(table: pa.Table, schema: Schema) -> Any:
    """Rebuild the sequence that the original model was given: a list, a Series or an array."""
    column = schema.columns[0]
    values = to_objects(table.column(0), column.null)
    if column.native == "series":
        import pandas as pd

        return pd.Series(values)
    if column.native == "str" and not table.column(0).null_count:
        return values.astype(str)
    return values.tolist() if column.native == "list" else values


def read_tensors(examples: Mapping[str, Any]) -> dict[str, Array]:
    """Read a dictionary of arrays with more than one axis; ragged ones become arrays of arrays.

    Raises:
        Invalid: when names are not strings, lengths differ, or a dtype is no number, boolean or string.

    """
    tensors = {name: _tensor(name, values) for name, values in examples.items()}
    lengths = {name: len(values) for name, values in tensors.items()}
    if len(set(lengths.values())) > 1:
        raise Invalid(f"tensors have different numbers of rows: {lengths}; give each the same number")
    return tensors


def _tensor(name: Any, values: Any) -> Array:
    if not isinstance(name, str):
        raise Invalid(f"tensor name {name!r} is {type(name).__name__}, not str; name the tensors by strings")
    array = values if isinstance(values, np.ndarray) else _stack(values)
    kinds = (
        {cell.dtype.kind for cell in array} if array.dtype.kind == "O" and len(array) else {array.dtype.kind}
    )
    if not kinds <= set("biufU"):
        raise Invalid(f"tensor {name!r} has dtype {array.dtype}; convert it to numbers, booleans or strings")
    return array


def _stack(values: Any) -> Array:
    """Stack per-row arrays; where their lengths differ, keep an array of arrays."""
    cells = [np.asarray(value) for value in values]
    if len({cell.shape for cell in cells}) <= 1:
        return np.asarray(cells)
    ragged = np.empty(len(cells), dtype=object)
    ragged[:] = cells
    return ragged


def to_array(values: pa.Array | pa.ChunkedArray, dtype: np.dtype[Any]) -> Array:
    """Read Arrow values as numpy: null becomes NaN or NaT; integers with nulls become float64.

    The array is writable, as the user's own was: some models refuse others, and some write into it.
    """
    if isinstance(values, pa.ChunkedArray):
        array: Array = values.to_numpy()
    else:
        array = values.to_numpy(zero_copy_only=False)
    if values.null_count and dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    return array.astype(dtype, copy=array.dtype != dtype or not array.flags.writeable)


def to_objects(values: pa.Array | pa.ChunkedArray, null: Null) -> Array:
    """Read Arrow values as Python objects, with the original's mark where one is missing."""
    cells = np.empty(len(values), dtype=object)
    cells[:] = values.to_pylist()
    if values.null_count and null != "none":
        cells[values.is_null().to_numpy(zero_copy_only=False)] = missing_mark(null)
    return cells


def missing_mark(null: Null) -> Any:
    """Give the object that marks a missing value."""
    if null == "none":
        return None
    if null == "nan":
        return float("nan")
    import pandas as pd

    return pd.NA if null == "NA" else pd.NaT
