"""Rows of clean endpoints, counted and examined as in production, or given to other rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.bundle.baseline import Baseline
from hythe.bundle.importances import Importances
from hythe.bundle.schema import Column, ColumnType, Schema
from hythe.bundle.summary import column_numbers, summarise_column
from hythe.monitor.period import Period
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import NumberBins

Draw = Callable[[np.random.Generator, int], Any]
KINDS: Mapping[str, tuple[ColumnType, Draw]] = MappingProxyType({
    "normal": ("float64", lambda rng, size: rng.normal(size=size)),
    "whole numbers": ("int64", lambda rng, size: rng.integers(0, 80, size)),
    "a spike at zero": ("float64", lambda rng, size: rng.exponential(size=size) * (rng.random(size) > 0.4)),
    "heavy tails": ("float64", lambda rng, size: np.round(rng.lognormal(3.0, 1.5, size))),
    "missing values": ("float64", lambda rng, size: _with_gaps(rng, rng.normal(size=size))),
    "yes or no": ("bool", lambda rng, size: rng.random(size) < 0.3),
    "few words": ("string", lambda rng, size: rng.geometric(0.4, size).astype(str)),
    "many words": ("string", lambda rng, size: rng.zipf(1.3, size).astype(str)),
    "all different": ("string", lambda rng, size: rng.integers(0, 10**9, size).astype(str)),
})  # fmt: skip


def mixed(rng: np.random.Generator, m: int, n: int, features: int) -> Period:
    """Draw a baseline of m rows and a window of n, of features of all kinds in turn."""
    kinds = [list(KINDS.values())[place % len(KINDS)] for place in range(features)]
    columns = {f"x{place}": (kind, draw(rng, m), draw(rng, n)) for place, (kind, draw) in enumerate(kinds)}
    return period(columns, rng.lognormal(size=features))


def alike(rng: np.random.Generator, m: int, n: int, features: int, share: float) -> Period:
    """Draw features that have a share of their variance in common."""
    drawn = [
        np.sqrt(share) * rng.normal(size=(size, 1)) + np.sqrt(1.0 - share) * rng.normal(size=(size, features))
        for size in (m, n)
    ]
    columns: dict[str, tuple[ColumnType, Any, Any]] = {
        f"x{place}": ("float64", drawn[0][:, place], drawn[1][:, place]) for place in range(features)
    }
    return period(columns, np.ones(features))


def period(columns: Mapping[str, tuple[ColumnType, Any, Any]], weights: NDArray[np.float64]) -> Period:
    """Count columns (type, baseline's values, window's values) as a server would, and pair them."""
    schema = Schema(tuple(Column(name, kind, nullable=True) for name, (kind, _, _) in columns.items()))
    summaries, tallies = {}, {}
    for column in schema.columns:
        _, before, now = columns[column.name]
        summary = summarise_column(_arrow(before), column)
        summaries[column.name] = summary
        tallies[column.name] = Tally(_count(summary.counts.bins, _arrow(now), column))
    rows, rows_before = (len(next(iter(columns.values()))[side]) for side in (2, 1))
    change = dict(zip(columns, weights.tolist(), strict=True))
    return Period(
        window=Window(
            "calm", "1.0.0", 0, 3600, requests={"answered": rows}, rows=rows, answered_rows=rows,
            counted_rows=rows, features=tallies,
        ),
        baseline=Baseline(rows_before, 0, summaries, {}, importances=Importances(500, 0, "value", change)),
        schema=schema,
    )  # fmt: skip


def _with_gaps(rng: np.random.Generator, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(rng.random(len(values)) < 0.1, np.nan, values)


def _arrow(values: Any) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _count(bins: Any, values: pa.Array, column: Column) -> tuple[int, ...]:
    cells = (
        bins.count(*column_numbers(values, column)) if isinstance(bins, NumberBins) else bins.count(values)
    )
    return tuple(cells.tolist())
