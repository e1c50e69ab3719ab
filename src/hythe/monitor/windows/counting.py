"""Counts the values of one version into the bins of its baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.baseline import Baseline
from hythe.bundle.feed import Feed
from hythe.bundle.rows import Array
from hythe.bundle.schema import Column, Output, Schema
from hythe.bundle.summary import Summary, output_parts
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.sources import Source, cells_by_code, flags, sources
from hythe.monitor.windows.pair_counting import PairCounter
from hythe.monitor.windows.window import Tally
from hythe.statistics.bins import NumberBins, ValueBins
from hythe.statistics.powers import PowerSums, power_sums, scale_of

_Counter = Callable[[Array], NDArray[np.int64]]


class BinCounter:
    """Knows where each feature of a baseline lies in what the version's records hold, and its bins.

    `feed` is that of the serving variant, None for a native model.
    """

    def __init__(self, schema: Schema, baseline: Baseline, feed: Feed | None, observing: Observing) -> None:
        columns = {column.name: column for column in schema.columns}
        found = sources(schema, baseline, feed, observing)
        self._pairs = PairCounter.of(baseline.pairs, found)
        self._by_array: dict[str, list[tuple[str, Source]]] = {}
        self._counters: dict[str, _Counter] = {}
        for name, source in found.items():
            self._by_array.setdefault(source.array, []).append((name, source))
            self._counters[name] = _counter(baseline.features[name], source, columns.get(name))
        self._features = baseline.features
        self._outputs = baseline.outputs
        self._known: Mapping[str, Output] = {output.name: output for output in schema.outputs}

    def features(self, arrays: Iterable[tuple[str, Array]]) -> dict[str, Tally]:
        """Count input arrays by name, the first axis the row."""
        found: dict[str, Tally] = {}
        for name, values in arrays:
            for feature, tally in self._of_array(self._by_array.get(name, []), values):
                found[feature] = found[feature] + tally if feature in found else tally
        return found

    def pairs(self, arrays: Iterable[tuple[str, Array]]) -> dict[str, tuple[int, ...]]:
        """Count which values of the baseline's paired features are high together, as statistics by name."""
        return {} if self._pairs is None else self._pairs.count(arrays)

    def outputs(self, arrays: Iterable[tuple[str, Array]]) -> dict[str, Tally]:
        """Count output arrays by name; one of several columns gives a tally for each, as in the baseline."""
        found: dict[str, Tally] = {}
        for name, values in arrays:
            output = self._known.get(name) or Output(name, str(values.dtype), values.shape[1:])
            for part, cells in output_parts(values, output):
                summary = self._outputs.get(part)
                if summary is not None:
                    tally = tally_of(summary, cells.reshape(-1))
                    found[part] = found[part] + tally if part in found else tally
        return found

    def _of_array(self, members: list[tuple[str, Source]], values: Array) -> list[tuple[str, Tally]]:
        if not members:
            return []
        if members[0][1].place is None:
            [(name, _)] = members
            return [(name, tally_of(self._features[name], values.reshape(-1)))]
        places = [source.place or 0 for _, source in members]
        ordered = np.sort(values[:, places].T, axis=1)  # once, for the cells and for the powers
        return [(name, self._tally(name, column)) for (name, _), column in zip(members, ordered, strict=True)]

    def _tally(self, name: str, ordered: Array) -> Tally:
        cells = tuple(self._counters[name](ordered).tolist())
        return Tally(cells, _powers(self._features[name], ordered))


def _counter(summary: Summary, source: Source, column: Column | None) -> _Counter:
    bins = summary.counts.bins
    if isinstance(bins, ValueBins):
        table = flags(bins) if source.coded is None else cells_by_code(bins, source.coded)
        return lambda values: _count_codes(table, values, bins.cells)
    nan_is_missing = column is not None and column.nan_is_missing
    return lambda values: _count_numbers(bins, values, nan_is_missing=nan_is_missing)


def _count_numbers(bins: NumberBins, ordered: Array, *, nan_is_missing: bool) -> NDArray[np.int64]:
    """Count numbers in ascending order; in a model's input, missing has become NaN."""
    found = bins.count_ordered(ordered)
    if nan_is_missing:
        found[0], found[1] = found[1], 0
    return found


def _count_codes(table: Mapping[int, int], codes: Array, cells: int) -> NDArray[np.int64]:
    """Count codes into cells by a table; NaN, in a boolean column, is missing."""
    found = np.zeros(cells, dtype=np.int64)
    values, times = np.unique(codes, return_counts=True)
    for value, n in zip(values.tolist(), times.tolist(), strict=True):
        found[0 if value != value else table.get(int(value), cells - 1)] += n  # noqa: PLR0124 - only NaN differs
    return found


def tally_of(summary: Summary, values: Array) -> Tally:
    """Count values as they are: those of a tensor, or of an output."""
    bins = summary.counts.bins
    if isinstance(bins, ValueBins):
        return Tally(tuple(bins.count(values.tolist()).tolist()))
    ordered = np.sort(values.astype(np.float64, copy=False))
    return Tally(tuple(bins.count_ordered(ordered).tolist()), _powers(summary, ordered))


def _powers(summary: Summary, ordered: Array) -> PowerSums | None:
    if summary.moments is None:
        return None
    return power_sums(ordered.astype(np.float64, copy=False), *scale_of(summary.moments))
