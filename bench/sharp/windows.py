"""Counts rows into the window that a server would have stored of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hythe.bundle.baseline import Baseline
from hythe.bundle.frames import to_rows
from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import Summary, column_numbers
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import ValueBins
from hythe.statistics.powers import power_sums, scale_of


def window(frame: pd.DataFrame, baseline: Baseline, schema: Schema) -> Window:
    """Count every feature of the baseline, and its pairs."""
    table: Any = to_rows(frame)
    found = {
        column.name: _tally(table.column(column.name), baseline.features[column.name], column)
        for column in schema.columns
    }
    n = len(frame)
    columns = {column.name: column for column in schema.columns}
    statistics = {}
    if baseline.pairs is not None:
        paired = [_numbers(table.column(name), columns[name]) for name in baseline.pairs.columns]
        statistics = baseline.pairs.statistics(np.stack(paired, axis=1))
    return Window(
        "sharp", "1.0.0", 0, 3600, rows=n, answered_rows=n, counted_rows=n, requests={"answered": n},
        features=found, statistics=statistics,
    )  # fmt: skip


def _tally(values: Any, summary: Summary, column: Column) -> Tally:
    bins = summary.counts.bins
    if isinstance(bins, ValueBins):
        return Tally(tuple(bins.count(values).tolist()))
    numbers, missing = column_numbers(values, column)
    cells = tuple(bins.count(numbers, missing).tolist())
    if summary.moments is None:
        return Tally(cells)
    present = np.sort(numbers[~missing].astype(np.float64))
    return Tally(cells, power_sums(present, *scale_of(summary.moments)))


def _numbers(values: Any, column: Column) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    numbers, missing = column_numbers(values, column)
    return np.where(missing, np.nan, numbers)
