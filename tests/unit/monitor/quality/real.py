"""Real rows, half of them a baseline's, and windows of others: penguins and tumours."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.conform import conform
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Schema
from hythe.bundle.summary import column_numbers
from hythe.monitor.period import Period
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import NumberBins
from hythe.statistics.powers import power_sums, scale_of


@lru_cache(maxsize=1)
def penguins() -> Any:
    """Give the penguins in a seeded order, islands, sexes and missing values among them."""
    from palmerpenguins import load_penguins

    frame = load_penguins().drop(columns=["species", "year"])
    return frame.sample(frac=1.0, random_state=7).reset_index(drop=True)


@lru_cache(maxsize=1)
def tumours() -> Any:
    """Give the 30 measures of 569 tumours in a seeded order."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).data
    return frame.sample(frac=1.0, random_state=7).reset_index(drop=True)


class Reference:
    """A frame's first `rows` rows as schema and baseline, and `rest` of it."""

    def __init__(self, frame: Any, rows: int) -> None:
        self.schema: Schema = infer(frame)
        self.rows = self.table(frame.iloc[:rows])
        self.rest = frame.iloc[rows:].reset_index(drop=True)
        nothing = Outcome({}, np.zeros(rows, dtype=np.bool_))
        self.baseline: Baseline = compute(self.rows, self.schema, nothing)

    def table(self, frame: Any) -> pa.Table:
        """Give rows as they come to a model."""
        return conform(to_rows(frame), self.schema)

    def period(self, frame: Any, **parts: Any) -> Period:
        """Count rows into a window, as a period."""
        return self.counted(self.table(frame), **parts)

    def counted(self, rows: pa.Table, **parts: Any) -> Period:
        """Count a table's columns as they are."""
        features = {}
        for column in self.schema.columns:
            summary, values = self.baseline.features[column.name], rows.column(column.name)
            bins = summary.counts.bins
            if not isinstance(bins, NumberBins):
                features[column.name] = Tally(tuple(bins.count(values).tolist()))
                continue
            numbers, missing = column_numbers(values, column)
            assert summary.moments is not None
            centre, exponent = scale_of(summary.moments)
            there = np.asarray(numbers, dtype=np.float64)[~missing]
            powers = power_sums(np.sort(there), centre, exponent)
            features[column.name] = Tally(tuple(bins.count(numbers, missing).tolist()), powers)
        window = Window(
            "e", "1.0.0", 0, 3600, rows=rows.num_rows, counted_rows=rows.num_rows, features=features, **parts
        )
        return Period(window=window, baseline=self.baseline, schema=self.schema)


@lru_cache(maxsize=1)
def birds() -> Reference:
    """Give 172 penguins as a reference, and the others."""
    return Reference(penguins(), 172)


@lru_cache(maxsize=1)
def cells() -> Reference:
    """Give 300 tumours as a reference, and the others."""
    return Reference(tumours(), 300)
