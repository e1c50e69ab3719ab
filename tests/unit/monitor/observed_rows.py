"""Rows with everything that bins tell apart, their baseline, and a count of them by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.feed import Coded, Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.bundle.summary import Summary
from hythe.bundle.types import arrow_type
from hythe.dataplane.observed import Observed
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.sources import observing
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.window import Window
from hythe.runtime.batch import reader
from hythe.runtime.feeder import Feeder
from hythe.runtime.ring import Ring, create
from hythe.statistics.bins import NumberBins, hashed

START = datetime(2026, 1, 1)  # noqa: DTZ001 - the column has no zone
SCHEMA = Schema(
    (
        Column("charges", "float64", nullable=True),
        Column("ratio", "float32", nullable=True),
        Column("visits", "int64"),
        Column("paid", "bool", nullable=True),
        Column("contract", "category", nullable=True, categories=("monthly", "yearly", "weekly")),
        Column("town", "string", nullable=True),
        Column("name", "category", categories=("Ana", "Bo", "Cy"), sensitive=True),
        Column("since", "timestamp", nullable=True, null="NaT"),
    ),
    (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes")), Output("n", "int64")),
)
FEED = Feed(
    numbers=("visits", "charges"),
    # An imputer has made missing and monthly the same, so the codes do not tell them apart.
    codes=(
        Coded("contract", ("monthly", "yearly", "weekly"), (2, 3, 4), missing=2),
        Coded("town", ("A", "B")),
    ),
)


def rows(n: int, seed: int) -> list[dict[str, Any]]:
    """Draw rows; other seeds go beyond what the baseline's has seen."""
    rng = np.random.default_rng(seed)
    wide = 1.0 + seed
    return [
        {
            "charges": [None, float(rng.normal(40, 10 * wide)), 12.5][rng.integers(3)],
            "ratio": [None, float(rng.random() * wide), 0.1][rng.integers(3)],
            "visits": int(rng.integers(-3, 5 + 200 * seed)),
            "paid": [None, True, False][rng.integers(3)],
            "contract": [None, "monthly", "yearly", "weekly"][rng.integers(2 + min(seed, 2))],
            "town": [None, "A", "B", "C", "elsewhere"][rng.integers(4 + min(seed, 1))],
            "name": ["Ana", "Bo", "Cy"][rng.integers(2 + min(seed, 1))],
            "since": [None, START + timedelta(seconds=int(rng.integers(-(10**6) * seed, 10**6)))][
                rng.integers(2)
            ],
        }
        for _ in range(n)
    ]


def table(data: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Write rows as a table of the schema's types."""
    arrays = [
        pa.array([row[column.name] for row in data], type=arrow_type(column)) for column in SCHEMA.columns
    ]
    return pa.table(arrays, names=[column.name for column in SCHEMA.columns])


def answers(n: int, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Draw the answers of a model."""
    rng = np.random.default_rng(seed + 1000)
    yes = rng.random(n)
    return {
        "label": np.array(["no", "yes", "maybe"], dtype=object)[rng.integers(0, 2 + min(seed, 1), n)],
        "probabilities": np.stack([1 - yes, yes], axis=1),
        "n": rng.integers(0, 5 + seed, n),
    }


def baseline(n: int = 400) -> Baseline:
    """Compute the baseline of the first rows."""
    return compute(table(rows(n, 0)), SCHEMA, Outcome.answered(answers(n, 0)))


class Pipe:
    """The whole way of an observation: row objects, tensors, a record in a ring, a window."""

    def __init__(self, feed: Feed | None) -> None:
        self.baseline = baseline()
        beside = observing(SCHEMA, self.baseline, feed)
        self.reader = reader(SCHEMA)
        self.observed = Observed(beside, SCHEMA, self.reader.fields)
        self.feeder = Feeder(feed, self.reader.fields) if feed is not None else None
        self.counter = BinCounter(SCHEMA, self.baseline, feed, beside)
        descriptor = create(2**22)
        self.recorder, self.ring = Recorder(Ring(descriptor), "churn", "1.0.0"), Ring(descriptor)

    def put(self, data: Sequence[Mapping[str, Any]], found: Mapping[str, Any], *, tables: bool) -> None:
        """Observe one batch in which every request has one row."""
        objects = self.reader.convert_all([dict(row) for row in data])
        batch: Any = table(data) if tables else objects
        fed: dict[str, Any] = {}
        if self.feeder is not None:
            fed = self.feeder.from_rows(batch) if tables else self.feeder.from_objects(batch)
        calls = [Call(f"id-{place}", 1) for place in range(len(data))]
        arrays = {**fed, **self.observed(batch)}
        assert self.recorder.batch(calls, arrays, found, inference_s=0.001, at_ns=1_000_000_000)

    def window(self) -> Window:
        """Fold all that was put."""
        read = RecordReader()
        [window] = fold([read(data) for _, data in self.ring.take()], lambda *_: self.counter, ())
        return window


def cell(summary: Summary, value: Any) -> int:
    """Find the cell of one value, as `docs/baseline.md` describes it, by walking the bins."""
    bins = summary.counts.bins
    if value is None:
        return 0
    if not isinstance(bins, NumberBins):
        known = hashed(value, bins.key) if bins.key else value
        return bins.known.index(known) + 1 if known in bins.known else len(bins.known) + 1
    if isinstance(value, datetime):
        value = (value - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - neither has a zone
    if math.isnan(value):
        return 1
    assert bins.high is not None
    if value > bins.high:
        return len(bins.lefts) + 3
    place = 2
    for left in bins.lefts:
        place += value >= left
    return place


def counted(summary: Summary, values: Sequence[Any]) -> tuple[int, ...]:
    """Count values by hand."""
    cells = [0] * summary.counts.bins.cells
    for value in values:
        cells[cell(summary, value)] += 1
    return tuple(cells)
