"""Cells of files whose cells are all text, read by the types of a schema."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from hythe.bundle.schema import Column, Schema
from hythe.bundle.types import arrow_type
from hythe.operations.drift.cells import moments_of, numbers_of


def typed(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    """Read those columns of which every cell can be read; the others stay text.

    >>> batch = pa.record_batch({"n": ["1", "2"], "x": ["1", "two"]})
    >>> typed(batch, Schema((Column("n", "int64"), Column("x", "int64")))).to_pydict()
    {'n': [1.0, 2.0], 'x': ['1', 'two']}
    """
    arrays = list(batch.columns)
    for place, column in _to_read(batch, schema):
        values, unreadable = _read(arrays[place], column)
        if not unreadable:
            arrays[place] = values
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def readable(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    """Give those rows of which every cell can be read.

    >>> batch = pa.record_batch({"n": ["1", None, "2"], "x": ["1", "2", "two"]})
    >>> readable(batch, Schema((Column("n", "int64"), Column("x", "int64")))).to_pydict()
    {'n': [1.0, None], 'x': [1.0, 2.0]}
    """
    arrays = list(batch.columns)
    kept = None
    for place, column in _to_read(batch, schema):
        values, unreadable = _read(arrays[place], column)
        if unreadable:
            same = pc.equal(arrays[place].is_valid(), values.is_valid())
            kept = same if kept is None else pc.and_(kept, same)
        arrays[place] = values
    found = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
    return found if kept is None else found.filter(kept)


def _to_read(batch: pa.RecordBatch, schema: Schema) -> list[tuple[int, Column]]:
    """Find the columns that mean something else than text."""
    columns = {column.name: column for column in schema.columns}
    found = [(place, columns[name]) for place, name in enumerate(batch.schema.names) if name in columns]
    return [(place, column) for place, column in found if arrow_type(column) != pa.string()]


def _read(values: pa.Array, column: Column) -> tuple[pa.Array, int]:
    if column.type == "timestamp":
        return moments_of(values, column)
    return numbers_of(values, truth=arrow_type(column) == pa.bool_())
