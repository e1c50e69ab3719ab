"""Whole columns of a request to a batch: few rows as row objects, many as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from hythe.bundle.rows import Array
from hythe.bundle.schema import Column
from hythe.runtime.batch import Batch, RowReader

FEW_ROWS = 256
"""Up to so many rows, row objects cost less than an Arrow column for each column of the schema."""


def read_columns(columns: Mapping[str, Sequence[Any] | Array], rows: RowReader) -> Batch:
    """Make a batch of a model on columns; NaN is a missing value where the model was trained so.

    Raises:
        Invalid: naming the column, the row, the value and what was expected.

    """
    arrays = any(isinstance(values, np.ndarray) for values in columns.values())
    if arrays and max(map(len, columns.values()), default=0) > FEW_ROWS:
        table = _table(columns)
        if table is not None:
            from hythe.bundle.conform import conform

            return conform(table, rows.schema)
    known = {column.name: column for column in rows.schema.columns}
    cells = {name: _cells(values, known.get(name)) for name, values in columns.items()}
    batch: Batch = rows.convert_columns(cells)
    return batch


def _table(columns: Mapping[str, Sequence[Any] | Array]) -> Any:
    """Make an Arrow table; None where columns are mixed or differ in length: the row reader says how."""
    import pyarrow as pa

    try:
        return pa.table({name: pa.array(values) for name, values in columns.items()})
    except pa.ArrowException:
        return None


def _cells(values: Sequence[Any] | Array, column: Column | None) -> list[Any]:
    """List the cells of one column as JSON would bring them, with None for what is missing."""
    if not isinstance(values, np.ndarray):
        return list(values)
    listed: list[Any] = values.tolist()
    marks_missing = column is None or column.null == "nan" or not column.type.startswith("float")
    if marks_missing and values.dtype.kind == "f" and isnan(sum(listed)):  # quicker than numpy for few rows
        return [None if value != value else value for value in listed]  # noqa: PLR0124 - only NaN does
    return listed
