"""The cell that each feature of a row falls into: a byte of each is kept with predictions that are sampled.

So performance can be told apart by segments, and errors of numbers be estimated, and no value is kept.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Corrupt
from hythe.bundle.baseline import Baseline
from hythe.bundle.feed import Coded, Feed
from hythe.bundle.reference_cells import kept_features as of_features
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Schema
from hythe.monitor.records.arrays import Cut, as_array
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.sources import Source, cells_by_code, codes_of, flags, sources
from hythe.statistics.bins import Bins, NumberBins, ValueBins
from hythe.statistics.places import places

UNKNOWN = 255
"""Stands where a feature's value was not told."""

Cells: TypeAlias = NDArray[np.uint8]
"""[rows, features]: the cell of each, or `UNKNOWN`."""
_Column: TypeAlias = Callable[[Array], NDArray[np.intp]]


def kept_features(baseline: Baseline) -> tuple[str, ...]:
    """Name the features whose cells are kept, in their order; who has the baseline knows them, too."""
    return of_features(baseline.features, baseline.importances)


class RowCells:
    """Finds the cells of a version's rows in what its records hold; `feed` is None for a native model."""

    def __init__(self, schema: Schema, baseline: Baseline, feed: Feed | None, observing: Observing) -> None:
        self.features = kept_features(baseline)
        columns = {column.name: column for column in schema.columns}
        found = sources(schema, baseline, feed, observing)
        self._columns: dict[str, list[tuple[int, int, _Column]]] = {}
        for index, name in enumerate(self.features):
            source = found.get(name)
            if source is not None and source.place is not None:
                look = _column(baseline.features[name].counts.bins, source, columns.get(name))
                self._columns.setdefault(source.array, []).append((index, source.place, look))

    def of(self, records: Sequence[BatchRecord], rows: NDArray[np.intp]) -> Cells:
        """Give the cells of these `rows` of all rows of records of one layout, which follow each other.

        They are unknown where a record holds no input.
        """
        parts = [record.inputs for record in records if isinstance(record.inputs, Cut)]
        found = np.full((len(rows), len(self.features)), UNKNOWN, dtype=np.uint8)
        if len(parts) < len(records) or len({id(part.cuts) for part in parts}) != 1:
            return found
        for name, columns in self._columns.items():
            if name in parts[0].cuts.names:
                values = as_array(parts[0].cuts.joined(name, parts))[rows]
                for index, place, look in columns:
                    found[:, index] = look(values[:, place])
        return found


def written(cells: Cells) -> str:
    """Write the cells of some rows as text (base64)."""
    return b64encode(cells.tobytes()).decode()


def read_cells(text: str, rows: int, features: int) -> Cells | None:
    """Read what `written` wrote; None where there is nothing, or it was counted by another baseline.

    Raises:
        Corrupt: when it is no base64.

    >>> read_cells(written(np.array([[3, 255]], dtype=np.uint8)), 1, 2).tolist()
    [[3, 255]]
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as err:
        raise Corrupt(f"the cells of a kept prediction cannot be read: {err}; remove it") from err
    if not data or len(data) != rows * features:
        return None
    return np.frombuffer(data, dtype=np.uint8).reshape(rows, features)


def _column(bins: Bins, source: Source, column: Column | None) -> _Column:
    if isinstance(bins, NumberBins):
        missing = column is not None and column.nan_is_missing
        return lambda values: places(bins, values, np.isnan(values) if missing else None)
    return _codes(bins, source.coded) if source.coded is not None else _flags(bins)


def _flags(bins: ValueBins) -> _Column:
    """Look up 0 and 1 of a boolean column, in which NaN is missing."""
    known = flags(bins)
    table = np.array([known.get(0, bins.cells - 1), known.get(1, bins.cells - 1), 0], dtype=np.intp)
    return lambda values: table[np.where(np.isnan(values), 2, values).astype(np.intp)]


def _codes(bins: ValueBins, coded: Coded) -> _Column:
    """Look codes up in a table; those that it does not name are other values."""
    every = [*codes_of(coded), coded.missing, coded.unseen]
    least = min(every)
    table = np.full(max(every) - least + 1, bins.cells - 1, dtype=np.intp)
    for code, cell in cells_by_code(bins, coded).items():
        table[code - least] = cell
    return lambda values: table[values.astype(np.intp) - least]
