"""Counts which features of a row are high together, as the sidecar counts it in served rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.pairs import Pairs
from hythe.bundle.schema import Column, Schema
from hythe.operations.drift.cells import numbers_of

if TYPE_CHECKING:
    import pyarrow as pa


class PairColumns:
    """Reads the columns that a baseline pairs; those that are not there are missing in every row."""

    def __init__(self, pairs: Pairs | None, schema: Schema) -> None:
        columns = {column.name: column for column in schema.columns}
        self._pairs = pairs
        self._columns = [columns[name] for name in pairs.columns] if pairs is not None else []

    def __call__(self, batch: pa.RecordBatch) -> dict[str, tuple[int, ...]]:
        """Count rows, as statistics of a window; none where nothing is paired."""
        if self._pairs is None:
            return {}
        matrix = np.full((batch.num_rows, len(self._columns)), np.nan)
        names = {*batch.schema.names}
        for place, column in enumerate(self._columns):
            if column.name in names:
                matrix[:, place] = _numbers(batch.column(column.name), column)
        return self._pairs.statistics(matrix)


def _numbers(values: pa.Array, column: Column) -> NDArray[np.float64]:
    numbers, _ = numbers_of(values)
    cells = numbers.to_numpy(zero_copy_only=False)
    if column.type == "float32":
        with np.errstate(over="ignore"):
            cells = cells.astype(np.float32)
    found: NDArray[np.float64] = cells.astype(np.float64, copy=False)
    return found
