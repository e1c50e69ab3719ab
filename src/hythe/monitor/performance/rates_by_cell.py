"""What the reference says of each cell of a class's score: how its rows were answered, and what they were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from hythe.bundle.baseline import Baseline
from hythe.bundle.schema import Scalar
from hythe.bundle.score_cells import ScoreCells
from hythe.bundle.summary import Summary
from hythe.bundle.truth import PROBABILITIES, Calibration
from hythe.monitor.performance.measured import PAIR, Floats
from hythe.statistics.bins import NumberBins
from hythe.statistics.calibration import Reliability

TP, FP, FN, TN = range(4)
_EPS = 1e-15
_FIRST = 2
"""Cells 0 and 1 of numbers are missing and NaN; scores begin at the one below the first bin."""


@dataclass(frozen=True, slots=True)
class CellRates:
    """Of the class `name`: by cell, the shares [4, cells] of tp, fp, fn and tn, of `rows` reference rows.

    `log_loss` and `squares` are the mean of a row's share in the log loss and of (score - y)². Cells without
    reference rows have the shares of the nearest that has some.
    """

    name: Scalar
    rows: Floats
    shares: Floats
    log_loss: Floats
    squares: Floats

    @property
    def output(self) -> str:
        """The output whose cells these are."""
        return f"{PROBABILITIES}[{self.name}]"

    @property
    def rate(self) -> Floats:
        """How often the class came true, by cell."""
        found: Floats = self.shares[TP] + self.shares[FN]
        return found


def rates_by_cell(baseline: Baseline) -> list[CellRates]:
    """Read them from a baseline, of every class; none where it had no targets or no probabilities.

    Baselines of older bundles have ten bins of scores. For two classes they do, more coarsely.
    """
    if baseline.score_cells:
        return [_exact(cells) for cells in baseline.score_cells]
    found = baseline.calibration
    if not isinstance(found, Calibration) or len(found.classes) != PAIR:
        return []
    named = ((each, baseline.outputs.get(f"{PROBABILITIES}[{each.name}]")) for each in found.classes)
    return [_coarse(each.name, each.bins, summary) for each, summary in named if summary is not None]


def _exact(cells: ScoreCells) -> CellRates:
    counts = np.array([cells.tp, cells.fp, cells.fn, cells.tn], dtype=np.float64)
    return _filled(cells.name, counts, np.array(cells.log_loss), np.array(cells.squares))


def _coarse(name: Scalar, curve: Sequence[Reliability], summary: Summary) -> CellRates:
    """Read the rate of each cell off the line through the ten bins, at the middle of the cell's scores."""
    rows = np.array(summary.counts.cells, dtype=np.float64)
    filled = [each for each in curve if each.n]
    scores = _middles(cast("NumberBins", summary.counts.bins))
    rate = np.interp(scores, [each.score for each in filled], [each.rate for each in filled])
    answered = scores > 0.5  # noqa: PLR2004 - the likelier of two classes
    counts = rows * [answered * rate, answered * (1 - rate), ~answered * rate, ~answered * (1 - rate)]
    losses = rows * rate * -np.log(np.clip(scores, _EPS, 1.0))
    squares = rows * (rate * (1 - scores) ** 2 + (1 - rate) * scores**2)
    return _filled(name, counts, losses, squares)


def _middles(bins: NumberBins) -> Floats:
    high = bins.lefts[-1] if bins.high is None else bins.high
    edges = np.array([*bins.lefts, high])
    inside = (edges[:-1] + edges[1:]) / 2.0
    return np.concatenate([[0.0, 0.0, edges[0]], inside, [edges[-1]]])


def _filled(name: Scalar, counts: Floats, losses: Floats, squares: Floats) -> CellRates:
    """Divide by the rows of each cell, or of the nearest that has some."""
    rows = counts.sum(axis=0)
    known = np.flatnonzero(rows > 0)
    nearest = known[np.abs(np.arange(len(rows))[:, None] - known).argmin(axis=1)]
    return CellRates(
        name,
        rows,
        counts[:, nearest] / rows[nearest],
        losses[nearest] / rows[nearest],
        squares[nearest] / rows[nearest],
    )


def usable(counts: Sequence[int] | Floats) -> Floats:
    """Give the counts of a window's cells without those of missing and NaN scores."""
    found = np.array(counts, dtype=np.float64)
    found[:_FIRST] = 0.0
    return found


def unknown_share(rates: CellRates, counts: Floats) -> float:
    """Give the share of rows whose score lies in a cell without reference rows."""
    total = float(counts.sum())
    return math.fsum(counts[rates.rows == 0].tolist()) / total if total else 0.0
