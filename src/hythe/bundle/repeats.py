"""How many of the reference rows are repeated, so that a normal share of repeats is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Schema
from hythe.bundle.summary import Summary
from hythe.statistics.bins import ValueBins
from hythe.statistics.row_hashes import Hashes, row_hashes

if TYPE_CHECKING:
    import pyarrow as pa


MOST_CELLS = 512
"""Rows of more numbers are not compared, for the time that would take beside serving."""


class Repeats(msgspec.Struct, frozen=True):
    """Of the reference rows, how many are `distinct`, and how many `pairs` of equal ones there are.

    Two rows are equal when a server's windows could not tell them apart: their numbers and times are equal,
    and their texts fall into the same cells of the baseline.
    """

    distinct: int
    pairs: int


def repeats_of(rows: Rows, schema: Schema, features: Mapping[str, Summary]) -> Repeats | None:
    """Count repeated rows; None where there are no rows, or they hold what cannot be compared.

    `features` has the bins of each column. Hashed text that is no category is left out, as servers do.

    >>> import pyarrow as pa
    >>> from hythe.bundle.schema import Column
    >>> from hythe.bundle.summary import summarise_column
    >>> table = pa.table({"x": [1, 2, 1, 1], "y": ["a", "a", "a", None]})
    >>> schema = Schema((Column("x", "int64"), Column("y", "string", nullable=True)))
    >>> repeats_of(table, schema, {c.name: summarise_column(table[c.name], c) for c in schema.columns})
    Repeats(distinct=3, pairs=1)
    """
    if isinstance(rows, Mapping):
        if sum(prod(values.shape[1:]) for values in rows.values()) > MOST_CELLS:
            return None
        hashes = hashes_of(rows)
    else:
        hashes = hashes_of(_told(rows, schema, features))
    if hashes is None or not len(hashes):
        return None
    _, times = np.unique(hashes, return_counts=True)
    return Repeats(len(times), int((times * (times - 1) // 2).sum()))


def _told(rows: pa.Table, schema: Schema, features: Mapping[str, Summary]) -> pa.Table:
    """Give what a server's windows tell of each column: of text, which of the baseline's cells it is in."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: dict[str, pa.ChunkedArray] = {}
    for column in schema.columns:
        values, bins = rows.column(column.name), features[column.name].counts.bins
        if isinstance(bins, ValueBins) and not bins.key:
            places = pc.index_in(values, value_set=pa.array(bins.known, values.type)).fill_null(-1)
            values = pc.if_else(values.is_null(), None, places)
        elif isinstance(bins, ValueBins) and column.categories is None:
            continue
        columns[column.name] = values
    return pa.table(columns)


def hashes_of(rows: Rows) -> Hashes | None:
    """Hash each row; None where there are no columns, or one holds other things than numbers and text.

    Text is told apart within these rows alone, so hashes of other rows are no use beside them.
    """
    arrays = list(rows.values()) if isinstance(rows, Mapping) else list(_columns(rows))
    if not arrays or any(array is None or array.dtype.kind not in "biuf" for array in arrays):
        return None
    return row_hashes(array for array in arrays if array is not None)


def _columns(rows: pa.Table) -> Iterator[Array | None]:
    """Give each column as numbers, and before it which values are missing, if any; None for other kinds."""
    import pyarrow as pa

    integers = {32: pa.int32(), 64: pa.int64()}
    for chunked in rows.columns:
        values = chunked.combine_chunks()
        if values.null_count:
            yield values.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_null(values.type):
            continue
        if pa.types.is_string(values.type):
            values = values.dictionary_encode().indices
        elif pa.types.is_temporal(values.type) and values.type.bit_width in integers:
            values = values.view(integers[values.type.bit_width])
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.uint8())
        number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
        yield values.fill_null(0).to_numpy(zero_copy_only=False) if number else None
