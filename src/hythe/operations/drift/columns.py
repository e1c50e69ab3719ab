"""Counts a column of a table into the baseline's bins as serving the same values would have counted them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import Summary, column_numbers
from hythe.bundle.types import arrow_type
from hythe.operations.drift.cells import flattened, moments_of, numbers_of
from hythe.statistics.bins import NumberBins, ValueBins
from hythe.statistics.powers import PowerSums, power_sums, scale_of


@dataclass(frozen=True, slots=True)
class Counted:
    """Some values of one feature: cells of the baseline's bins, sums of powers.

    Values of another kind than the schema says count as missing among numbers, and as unknown ones elsewhere.
    """

    cells: NDArray[np.int64]
    powers: PowerSums | None


ColumnCounter: TypeAlias = Callable[[pa.Array], Counted]


def counters(schema: Schema, features: dict[str, Summary]) -> dict[str, ColumnCounter]:
    """Give for each feature what counts its column; features that the schema does not name have none."""
    columns = {column.name: column for column in schema.columns if column.name in features}
    found: dict[str, ColumnCounter] = {
        name: _of_column(column, features[name]) for name, column in columns.items()
    }
    tensors = [tensor.name for tensor in schema.tensors if tensor.name in features]
    return found | {name: _of_tensor(features[name]) for name in tensors}


def absent(summary: Summary, rows: int) -> Counted:
    """Count a column that is not there: missing in every row."""
    cells = np.zeros(summary.counts.bins.cells, dtype=np.int64)
    cells[0] = rows
    return Counted(cells, _powers(summary, np.empty(0)))


def _of_column(column: Column, summary: Summary) -> ColumnCounter:
    bins = summary.counts.bins
    if isinstance(bins, ValueBins):
        return lambda values: _values(bins, column, values)
    if column.type == "timestamp":
        return lambda values: _times(bins, column, summary, values)
    single = column.type == "float32"

    def count(values: pa.Array) -> Counted:
        numbers, _ = numbers_of(values)
        present = numbers.drop_null() if numbers.null_count else numbers
        cells = present.to_numpy(zero_copy_only=False)
        if single:
            with np.errstate(over="ignore"):
                cells = cells.astype(np.float32)
        return _numbers(bins, summary, cells, numbers.null_count, nan_is_missing=column.nan_is_missing)

    return count


def _of_tensor(summary: Summary) -> ColumnCounter:
    """Count all cells of all rows together."""
    bins = summary.counts.bins

    def count(values: pa.Array) -> Counted:
        flat = flattened(values)
        if isinstance(bins, ValueBins):
            return Counted(bins.count(flat), None)
        numbers, _ = numbers_of(flat)
        present = numbers.drop_null().to_numpy(zero_copy_only=False)
        return _numbers(bins, summary, present, numbers.null_count)

    return count


def _numbers(
    bins: NumberBins,
    summary: Summary,
    present: NDArray[np.generic],
    missing: int,
    *,
    nan_is_missing: bool = False,
) -> Counted:
    """Count numbers that are there, beside `missing` ones; one sorting serves cells and powers."""
    ordered = np.sort(present.astype(np.float64, copy=False))
    cells = bins.count_ordered(ordered, missing)
    if nan_is_missing:
        cells[0], cells[1] = cells[0] + cells[1], 0
    return Counted(cells, _powers(summary, ordered))


def _powers(summary: Summary, ordered: NDArray[np.float64]) -> PowerSums | None:
    return None if summary.moments is None else power_sums(ordered, *scale_of(summary.moments))


def _times(bins: NumberBins, column: Column, summary: Summary, values: pa.Array) -> Counted:
    times, _ = moments_of(values, column)
    seconds, missing = column_numbers(times, column)
    return _numbers(bins, summary, seconds[~missing], int(missing.sum()), nan_is_missing=True)


def _values(bins: ValueBins, column: Column, values: pa.Array) -> Counted:
    """Count categories, text and booleans; NaN among them marks what is missing."""
    wanted = arrow_type(column)
    unreadable = 0
    if pa.types.is_nested(values.type):
        cells = np.zeros(bins.cells, dtype=np.int64)
        cells[0], cells[-1] = values.null_count, len(values) - values.null_count
        return Counted(cells, None)
    if wanted != pa.string():
        values, unreadable = _scalars(values, wanted)
    cells = bins.count(values)
    cells[-1] += unreadable
    return Counted(cells, None)


def _scalars(values: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, int]:
    """Bring categories that are numbers, and booleans, to values that equal those of the bins."""
    if pa.types.is_boolean(wanted) and pa.types.is_boolean(values.type):
        return values, 0
    numbers, unreadable = numbers_of(values, truth=pa.types.is_boolean(wanted))
    kept = numbers.filter(pc.invert(_unread(values, numbers))) if unreadable else numbers
    if pa.types.is_floating(kept.type):
        kept = pc.if_else(pc.is_nan(kept), None, kept)
    return _like(kept, wanted), unreadable


def _like(numbers: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Give whole numbers and truths for such, so that their hashes are the same, where none changes by it."""
    if pa.types.is_boolean(wanted):
        truths = pc.all(pc.is_in(numbers, pa.array([None, 0, 1], numbers.type))).as_py()
        return numbers.cast(wanted) if truths else numbers
    try:
        return numbers.cast(wanted)
    except pa.ArrowInvalid:
        return numbers


def _unread(values: pa.Array, numbers: pa.Array) -> pa.Array:
    return pc.and_(values.is_valid(), numbers.is_null())
