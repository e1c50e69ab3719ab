"""Counts the rows of a source into windows, a batch at a time and columns side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hythe.base.machine import cpus
from hythe.bundle.baseline import Baseline
from hythe.bundle.schema import Schema
from hythe.monitor.windows.counting import tally_of
from hythe.monitor.windows.window import Tally, Window
from hythe.operations.drift.columns import Counted, absent, counters
from hythe.operations.drift.outputs import Answered
from hythe.operations.drift.pair_columns import PairColumns
from hythe.statistics.powers import PowerSums

if TYPE_CHECKING:
    import pyarrow as pa


class Sums:
    """What was counted of one feature so far."""

    def __init__(self, counted: Counted) -> None:
        self.cells: NDArray[np.int64] = counted.cells.copy()
        self.powers: PowerSums | None = counted.powers

    def add(self, counted: Counted) -> None:
        """Add what was counted of further rows."""
        self.cells += counted.cells
        if self.powers is not None and counted.powers is not None:
            self.powers += counted.powers

    @property
    def tally(self) -> Tally:
        """What a window holds of it."""
        return Tally(tuple(self.cells.tolist()), self.powers)


class Running:
    """The window of one period, while its rows are being counted."""

    def __init__(self) -> None:
        self.rows = 0
        self.answered_rows = 0
        self.features: dict[str, Sums] = {}
        self.outputs: dict[str, Tally] = {}
        self.statistics: dict[str, tuple[int, ...]] = {}

    def add(self, rows: int, found: Mapping[str, Counted], statistics: Mapping[str, tuple[int, ...]]) -> None:
        """Add the features of further rows, and what was counted of several features together."""
        self.rows += rows
        for name, numbers in statistics.items():
            known = self.statistics.get(name, (0,) * len(numbers))
            self.statistics[name] = tuple(a + b for a, b in zip(known, numbers, strict=True))
        for name, counted in found.items():
            if name in self.features:
                self.features[name].add(counted)
            else:
                self.features[name] = Sums(counted)

    def answer(self, rows: int, found: Mapping[str, Tally]) -> None:
        """Add the outputs of further rows that were answered."""
        self.answered_rows += rows
        for name, tally in found.items():
            self.outputs[name] = self.outputs[name] + tally if name in self.outputs else tally

    def keep(self, names: Collection[str]) -> None:
        """Forget features of other names, and with any of them what was counted of several together."""
        if any(name not in names for name in self.features):
            self.statistics = {}
        self.features = {name: sums for name, sums in self.features.items() if name in names}

    def window(self, version: str, start: int, period_s: int) -> Window:
        """Give the window."""
        return Window(
            endpoint="",
            version=version,
            start=start,
            period_s=period_s,
            share=None,
            revision=None,
            rows=self.rows,
            answered_rows=self.answered_rows,
            counted_rows=self.rows,
            features={name: sums.tally for name, sums in self.features.items()},
            outputs=self.outputs,
            statistics=self.statistics,
        )


class RowCounter:
    """Counts rows into the bins of a version's baseline; a `pool` of workers shares the columns out."""

    def __init__(self, schema: Schema, baseline: Baseline, pool: ThreadPoolExecutor, workers: int) -> None:
        self._counters = counters(schema, baseline.features)
        self._summaries = baseline.features
        self._outputs = baseline.outputs
        self._pairs = PairColumns(baseline.pairs, schema)
        self._pool = pool
        names = list(self._counters)
        self._parts = [part for place in range(workers) if (part := names[place::workers])]

    def features(self, batch: pa.RecordBatch) -> tuple[dict[str, Counted], dict[str, tuple[int, ...]]]:
        """Count each feature of some rows, and which are high together, as statistics of a window.

        A column that is not there is missing in every row.
        """
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        coming = [self._pool.submit(self._count, part, columns, batch.num_rows) for part in self._parts]
        together = self._pairs(batch)
        found = {name: counted for each in coming for name, counted in each.result().items()}
        return found, together

    def outputs(self, answered: Answered) -> dict[str, Tally]:
        """Count the answers to some rows."""
        return {
            part: tally_of(self._outputs[part], values)
            for part, values in answered.parts.items()
            if part in self._outputs
        }

    def _count(self, names: Sequence[str], columns: Mapping[str, pa.Array], rows: int) -> dict[str, Counted]:
        return {
            name: self._counters[name](columns[name])
            if name in columns
            else absent(self._summaries[name], rows)
            for name in names
        }


@contextmanager
def workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Start as many threads as there are processors for this process."""
    several = max(1, int(cpus()))
    with ThreadPoolExecutor(several, thread_name_prefix="hythe-drift") as pool:
        yield pool, several


def ahead(batches: Iterator[pa.RecordBatch], pool: ThreadPoolExecutor) -> Iterator[pa.RecordBatch]:
    """Read the next batch while one is being counted."""
    coming = pool.submit(next, batches, None)
    while (batch := coming.result()) is not None:
        coming = pool.submit(next, batches, None)
        yield batch
