"""Periods made of rows, counted as a server counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import Baseline
from hythe.bundle.importances import Importances
from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import column_numbers, summarise_column
from hythe.monitor.period import Period
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import NumberBins
from hythe.statistics.powers import power_sums, scale_of

HOUR = 1_700_000 * 3600


def period(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    importances: Mapping[str, float] | None = None,
    start: int = HOUR,
    nullable: bool = True,
) -> Period:
    """Pair reference rows with a window's rows: columns of numbers or of text."""
    columns = tuple(_column(name, values, nullable=nullable) for name, values in before.items())
    rows, rows_before = (len(next(iter(each.values()))) for each in (now, before))
    summaries = {column.name: summarise_column(_arrow(before[column.name]), column) for column in columns}
    tallies = {
        column.name: _tally(summaries[column.name], _arrow(now[column.name]), column)
        for column in columns
        if column.name in now
    }
    change = None if importances is None else Importances(500, 0, "value", dict(importances))
    return Period(
        window=Window(
            "scoring", "1.0.0", start, 3600, requests={"answered": rows}, rows=rows, answered_rows=rows,
            counted_rows=rows, features=tallies,
        ),
        baseline=Baseline(rows_before, 0, summaries, {}, importances=change),
        schema=Schema(columns),
    )  # fmt: skip


def _column(name: str, values: Any, *, nullable: bool) -> Column:
    text = any(isinstance(value, str) for value in values)
    return Column(name, "string" if text else "float64", nullable=nullable)


def _arrow(values: Any) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _tally(summary: Any, values: pa.Array, column: Column) -> Tally:
    bins = summary.counts.bins
    if not isinstance(bins, NumberBins):
        return Tally(tuple(bins.count(values).tolist()))
    numbers, missing = column_numbers(values, column)
    centre, exponent = scale_of(summary.moments)
    powers = power_sums(np.sort(numbers[~missing].astype(np.float64)), centre, exponent)
    return Tally(tuple(bins.count(numbers, missing).tolist()), powers)
