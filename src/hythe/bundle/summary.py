"""One feature or output in numbers: its bins, how many values fell into each, and its moments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Output
from hythe.bundle.tolerance import tolerance
from hythe.statistics.bins import NumberBins, Scalars, quantile_bins, top_values
from hythe.statistics.counts import Counts
from hythe.statistics.moments import Moments, moments

if TYPE_CHECKING:
    import pyarrow as pa

MOST_OUTPUTS = 32
"""How many columns of one output are summarised; the rest (of an embedding, say) are left out."""
_MOST_TENSOR_VALUES = 1_000_000
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SATURATED = 100
_TEXT = {"string", "category", "bool"}


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts over the bins that the reference values made, and moments where the values are numbers."""

    counts: Counts
    moments: Moments | None = None


def summarise_column(values: pa.Array | pa.ChunkedArray, column: Column) -> Summary:
    """Summarise a feature: numbers and timestamps (in seconds) by quantile bins, others by top values.

    A sensitive column's values are stored as hashes, its borders are coarse and its extremes left out.
    """
    if column.type in _TEXT:
        return _of_values(values, key=column.name if column.sensitive else "")
    numbers, missing = column_numbers(values, column)
    return _of_numbers(numbers, missing, coarse=column.sensitive)


def column_numbers(
    values: pa.Array | pa.ChunkedArray, column: Column
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read a number or timestamp column for counting: its values (timestamps in seconds), and which miss.

    Where the original was given NaN for missing, NaN is missing; elsewhere it is a value.
    """
    import pyarrow as pa

    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    missing = array.is_null(nan_is_null=column.null == "nan").to_numpy(zero_copy_only=False)
    if column.type == "timestamp":
        units = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return units / _UNITS[column.unit], missing
    return array.fill_null(0).to_numpy(zero_copy_only=False), missing


def summarise_array(values: Array, *, loose: bool = False) -> Summary:
    """Summarise all cells of an array together, numbers or others; of very large ones an even share.

    With `loose`, floats that a variant may answer for each other fall into one bin.
    """
    if values.dtype.kind == "O" and len(values) and isinstance(values[0], np.ndarray):
        values = np.concatenate([np.asarray(cell).reshape(-1) for cell in values])
    flat = values.reshape(-1)
    flat = flat[:: max(1, math.ceil(flat.size / _MOST_TENSOR_VALUES))]
    if flat.dtype.kind in "iuf":
        return _of_numbers(flat, np.zeros(len(flat), dtype=np.bool_), loose=loose)
    return _of_values(_scalars(flat))


def output_parts(values: Array, output: Output) -> Iterator[tuple[str, Array]]:
    """Split an output [rows, …] into named columns: `probabilities[yes]`, `value`, `value[0]`."""
    if values.ndim == 1 or values.dtype.kind == "O":
        yield output.name, values
        return
    flat = values.reshape(len(values), math.prod(values.shape[1:]))  # there may be no rows
    named = output.classes if output.classes is not None and len(output.classes) == flat.shape[1] else None
    for index in range(min(flat.shape[1], MOST_OUTPUTS)):
        yield f"{output.name}[{index if named is None else named[index]}]", flat[:, index]


def summarise_output(values: Array, output: Output) -> Summary:
    """Summarise one column of an output; labels and other whole numbers that name classes by value."""
    labels = values.ndim == 1 and (values.dtype.kind not in "iuf" or output.classes is not None)
    if labels and values.dtype.kind in "iu":
        return _of_values(values)
    if labels and values.dtype.kind == "f" and output.name == "label":
        return _of_values(values)
    return summarise_array(values, loose=values.dtype.kind == "f")


def _scalars(values: Array) -> list[Any]:
    """Give Python scalars of one kind: mixed ones become text."""
    found = values.tolist()
    return found if len({type(item) for item in found if item is not None}) <= 1 else [str(v) for v in found]


def _of_values(values: Scalars, key: str = "") -> Summary:
    bins = top_values(values, key=key)
    return Summary(Counts(bins, tuple(bins.count(values).tolist())))


def _of_numbers(
    values: NDArray[Any], missing: NDArray[np.bool_], *, coarse: bool = False, loose: bool = False
) -> Summary:
    present = values[~missing]
    bins, found = quantile_bins(present), moments(present)
    if loose:
        bins = _loosened(bins, *tolerance(values.dtype))
    if coarse:
        bins, found = _coarse(bins), msgspec.structs.replace(found, minimum=None, maximum=None)
    return Summary(Counts(bins, tuple(bins.count(values, missing).tolist())), found)


def _loosened(bins: NumberBins, absolute: float, relative: float) -> NumberBins:
    """Lower borders by how far another variant may answer from the original, and leave out those too close.

    Many rows may get the very value that is a border, such as a leaf of a tree; a variant that answers them
    half a tolerance lower would move them all into the bin before. Where scores saturate, borders stay a
    hundred absolute tolerances apart, so that few rows are near one.
    """
    if bins.high is None:
        return bins
    lefts: list[float] = []
    for left in bins.lefts:
        apart = absolute + relative * abs(left)
        if not lefts or left - lefts[-1] > 3 * apart + _SATURATED * absolute:
            lefts.append(left - apart)
    return NumberBins(tuple(lefts), bins.high + absolute + relative * abs(bins.high))


def _coarse(bins: NumberBins) -> NumberBins:
    """Round borders to a power of ten of at most an eighth of their range: they name nobody's value."""
    if bins.high is None:
        return bins
    spread = bins.high - bins.lefts[0] or abs(bins.high) or 1.0
    step = 10.0 ** math.floor(math.log10(spread / 8)) if math.isfinite(spread) else 1.0
    lefts = sorted({math.floor(left / step) * step + 0.0 for left in bins.lefts})
    return NumberBins(tuple(lefts), math.ceil(bins.high / step) * step + 0.0)
