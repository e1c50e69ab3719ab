"""How the most important number features depend on each other in the reference data, in counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.bundle.schema import Schema
from hythe.bundle.summary import Summary, column_numbers
from hythe.statistics.bins import NumberBins, quantile_bins
from hythe.statistics.counts import Counts
from hythe.statistics.dependence import Matrix, phi, scores, signs, tables

if TYPE_CHECKING:
    import pyarrow as pa

PAIRS, JOINT = "pairs", "joint"
"""The names under which windows hold the two counts."""
MOST_PAIRED = 16
"""How many number columns are paired at most: the most important ones, in the schema's order."""
LEAST_PAIRED = 2
_MOST_SCORES = 16
_WHOLE = 100
_BELOW = 2


class Pairs(msgspec.Struct, frozen=True):
    """Which values are high together: at `borders`, near the medians, each of `columns` is cut in two.

    `tables` has four counts for each pair (`hythe.statistics.dependence.tables`). `weights` are the
    correlations φ of one half of the rows in whole hundredths, and `joint` counts how far the rows of the
    other half follow them (`scores`): on the rows that chose them, they would do so by choice.
    """

    columns: tuple[str, ...]
    borders: tuple[float, ...]
    tables: tuple[int, ...]
    weights: tuple[int, ...]
    joint: Counts

    def statistics(self, columns: Matrix) -> dict[str, tuple[int, ...]]:
        """Count rows [rows, columns], NaN where missing: the tables, and the scores by bin."""
        marks = signs(columns, self.borders)
        found = self.joint.bins.count(scores(marks, self.weights))
        return {PAIRS: tuple(tables(marks).reshape(-1).tolist()), JOINT: tuple(found.tolist())}

    @property
    def named(self) -> list[tuple[str, str]]:
        """The columns of each pair, in the order of the tables."""
        first, second = np.triu_indices(len(self.columns), 1)
        return [(self.columns[i], self.columns[j]) for i, j in zip(first, second, strict=True)]


def pair(
    rows: pa.Table, schema: Schema, features: Mapping[str, Summary], importance: Mapping[str, float]
) -> Pairs | None:
    """Count pairs of the most important number columns; None where there are fewer than two that vary."""
    found = borders(schema, features)
    if len(found) < LEAST_PAIRED:
        return None
    chosen = set(sorted(found, key=lambda name: -importance.get(name, 0.0))[:MOST_PAIRED])
    names = [name for name in found if name in chosen]
    cuts = [found[name] for name in names]
    columns = _columns(rows, schema, names)
    marks = signs(columns, cuts)
    chosen_by = drawn(columns)
    weights = np.rint(_WHOLE * phi(tables(marks[chosen_by]))).astype(int).tolist()
    bins = quantile_bins(scores(marks[chosen_by], weights), _MOST_SCORES)
    joint = Counts.of(bins, scores(marks[~chosen_by], weights))
    counted = tables(marks).reshape(-1).tolist()
    return Pairs(tuple(names), tuple(cuts), tuple(counted), tuple(weights), joint)


def borders(schema: Schema, features: Mapping[str, Summary]) -> dict[str, float]:
    """Give where each number column that varies is cut in two, near its median, in the schema's order."""
    return {
        column.name: border
        for column in schema.columns
        if column.name in features
        and column.type not in {"string", "category", "bool", "timestamp"}
        and (border := _border(features[column.name])) is not None
    }


def drawn(columns: Matrix) -> NDArray[np.bool_]:
    """Draw about half of the rows, each by its values and which of the rows equal to it it is.

    So the same rows are drawn in whatever order they come, and equal ones are not drawn together.

    >>> rows = np.repeat(np.arange(5.0), 100)[:, None]
    >>> drawn(rows).reshape(5, 100).sum(axis=1).tolist()
    [54, 50, 57, 51, 47]
    """
    canonical = np.where(np.isnan(columns), np.nan, columns) + 0.0
    factors = _mixed(np.arange(1, columns.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    keys = _mixed((canonical.view(np.uint64) * factors).sum(axis=1, dtype=np.uint64))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    place = np.arange(len(keys))
    starts = np.maximum.accumulate(np.where(np.append(True, ordered[1:] != ordered[:-1]), place, 0))
    found = np.empty(len(keys), dtype=np.bool_)
    found[order] = _mixed(ordered + (place - starts).astype(np.uint64)) >> np.uint64(63) == 1
    return found


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of whole numbers (SplitMix64, Steele, Lea & Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _border(summary: Summary) -> float | None:
    """Choose the bin's border that parts the values most evenly; None where there is but one value."""
    bins = summary.counts.bins
    if not isinstance(bins, NumberBins) or len(bins.lefts) < 2:  # noqa: PLR2004 - two bins have a border
        return None
    below = np.cumsum(summary.counts.cells[_BELOW:-2])[1:]
    total = sum(summary.counts.cells[_BELOW:])
    return bins.lefts[1 + int(np.argmin(np.abs(2 * below - total)))]


def _columns(rows: pa.Table, schema: Schema, names: Sequence[str]) -> Matrix:
    known = {column.name: column for column in schema.columns}
    columns = np.empty((rows.num_rows, len(names)))
    for place, name in enumerate(names):
        numbers, missing = column_numbers(rows.column(name), known[name])
        columns[:, place] = np.where(missing, np.nan, numbers)
    return columns
