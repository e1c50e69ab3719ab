"""Read and replace single cells of an Arrow table without changing its types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.bundle.schema import Column

Edit = Mapping[str, Any]
"""Column name to the value that the cell gets; None is missing."""


def is_number(column: Column) -> bool:
    """Tell whether the column holds integers, floats or booleans."""
    return column.type not in {"string", "category", "timestamp"}


def is_float(column: Column) -> bool:
    """Tell whether the column holds floats, and so NaN and infinities."""
    return column.type.startswith("float")


def floats(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Read a number column as float64; missing is NaN.

    >>> floats(pa.chunked_array([[1, None]])).tolist()
    [1.0, nan]
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    return np.array(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def from_floats(values: NDArray[np.float64], kind: pa.DataType) -> pa.Array:
    """Write float64 as a number column of type `kind`; NaN is missing.

    >>> from_floats(np.array([1.0, np.nan]), pa.int8()).to_pylist()
    [1, None]
    """
    missing = np.isnan(values)
    filled = np.where(missing, 0.0, values)
    if pa.types.is_boolean(kind):
        return pa.array(filled != 0.0, mask=missing)
    with np.errstate(over="ignore"):
        return pa.array(filled.astype(kind.to_pandas_dtype()), type=kind, mask=missing)


def edited(table: pa.Table, edits: list[Edit]) -> pa.Table:
    """Replace cells: `edits[i]` says what row i gets.

    >>> edited(pa.table({"x": [1, 2], "y": ["a", "b"]}), [{}, {"y": None}]).to_pylist()
    [{'x': 1, 'y': 'a'}, {'x': 2, 'y': None}]
    """
    for position, field in enumerate(table.schema):
        changed = {row: edit[field.name] for row, edit in enumerate(edits) if field.name in edit}
        if not changed:
            continue
        cells = table.column(position).to_pylist()
        for row, value in changed.items():
            cells[row] = value
        table = table.set_column(position, field, pa.array(cells, type=field.type))
    return table


def complete_rows(table: pa.Table) -> NDArray[np.int64]:
    """Find the rows with no missing cell; all rows where none is complete.

    >>> complete_rows(pa.table({"x": [1.0, None, 2.0], "y": ["a", "b", "c"]})).tolist()
    [0, 2]
    """
    complete = np.ones(table.num_rows, dtype=np.bool_)
    for column in table.columns:
        complete &= ~column.is_null(nan_is_null=True).to_numpy()
    return np.flatnonzero(complete) if complete.any() else np.arange(table.num_rows)
