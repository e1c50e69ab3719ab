"""Performance without labels, from how the scores are spread: confidence-based estimation on counts.

Of each cell the reference says how often its rows came true. A window's counts of the cells then give the
expected confusion, and every metric follows from it (the idea of CBPE: NannyML 2022; of expected calibrated
accuracy: Guillory and others 2021). That is right while P(outcome | score) is what it was: labels are not
needed, and nothing else is seen.

Intervals cover the metric that labels would show on these same rows: they hold the chance of the outcomes
themselves, and that of the reference, cell by cell (delta method).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hythe.monitor.performance.intervals import above_zero, within_unit
from hythe.monitor.performance.measured import PAIR, Better, Estimate, Floats, Measured
from hythe.monitor.performance.rates_by_cell import FN, FP, TN, TP, CellRates, unknown_share, usable


def estimate_classes(
    rates: Sequence[CellRates], outputs: Mapping[str, Sequence[int] | Floats]
) -> Estimate | None:
    """Estimate from a window's counts by output, such as `probabilities[yes]`; None where there is nothing.

    For two classes precision, recall, F1 and ROC-AUC are those of the last one, for more the mean of all.
    """
    counted = [(each, usable(outputs[each.output])) for each in rates if each.output in outputs]
    counted = [(each, counts) for each, counts in counted if counts.sum() > 0]
    if len(counted) != len(rates) or not counted:
        return None
    n = int(counted[-1][1].sum())
    main = counted[-1:] if len(counted) == PAIR else counted
    metrics = [_accuracy(counted, n)]
    for name, look in (("precision", _precision), ("recall", _recall), ("f1", _f1), ("roc_auc", _roc_auc)):
        found = [look(_Expected.of(each, counts)) for each, counts in main]
        told = [each for each in found if each is not None]
        if told:
            value, error = np.mean([each[0] for each in told]), np.mean([each[1] for each in told])
            metrics.append(_measured(name, float(value), float(error), n, "higher"))
    metrics += [_log_loss(counted, n), _brier(counted, n)]
    unknown = max(unknown_share(each, counts) for each, counts in counted)
    return Estimate(n, unknown, tuple(metrics))


@dataclass(frozen=True, slots=True)
class _Expected:
    """The expected confusion of one class: by cell [4, cells], and in all [4]."""

    rates: CellRates
    counts: Floats
    cells: Floats
    total: Floats

    @classmethod
    def of(cls, rates: CellRates, counts: Floats) -> _Expected:
        cells = rates.shares * counts
        return cls(rates, counts, cells, cells.sum(axis=1))

    def error(self, slopes: Floats) -> float:
        """Give the standard error of a metric whose derivative by each outcome is `slopes` [4] or [4, cells].

        A cell's rows fall into the four outcomes by shares that are known from its reference rows alone.
        """
        shares = self.rates.shares
        wide = slopes[:, None] if slopes.ndim == 1 else slopes
        variance = (shares * wide**2).sum(axis=0) - (shares * wide).sum(axis=0) ** 2
        return math.sqrt(float(np.sum(_doubled(self.rates, self.counts) * np.maximum(variance, 0.0))))


def _doubled(rates: CellRates, counts: Floats) -> Floats:
    """Give how often each cell's variance counts: once for its own rows, once for the reference's.

    A cell without reference rows borrows its shares, and counts as if they stood on one row.
    """
    found: Floats = counts * (1.0 + counts / np.maximum(rates.rows, 1.0))
    return found


def _measured(name: str, value: float, error: float, n: int, better: Better) -> Measured:
    cover = above_zero if name == "log_loss" else within_unit
    interval = partial(cover, value, error, n)
    return Measured(name=name, value=value, n=n, units=n, error=error, better=better, interval=interval)


def _accuracy(counted: Sequence[tuple[CellRates, Floats]], n: int) -> Measured:
    """Of two classes the share of tp and tn of one; of more, that of all tp."""
    if len(counted) == PAIR:
        expected = _Expected.of(*counted[-1])
        right = float(expected.total[TP] + expected.total[TN]) / n
        return _measured("accuracy", right, expected.error(np.array([1.0, 0.0, 0.0, 1.0]) / n), n, "higher")
    parts = [_Expected.of(*each) for each in counted]
    slopes = np.array([1.0, 0.0, 0.0, 0.0]) / n
    value = math.fsum(float(each.total[TP]) for each in parts) / n
    error = math.sqrt(math.fsum(each.error(slopes) ** 2 for each in parts))
    return _measured("accuracy", min(1.0, value), error, n, "higher")


def _precision(expected: _Expected) -> tuple[float, float] | None:
    tp, fp = expected.total[TP], expected.total[FP]
    if tp + fp <= 0:
        return None
    slopes = np.zeros(4)
    slopes[TP], slopes[FP] = fp / (tp + fp) ** 2, -tp / (tp + fp) ** 2
    return float(tp / (tp + fp)), expected.error(slopes)


def _recall(expected: _Expected) -> tuple[float, float] | None:
    tp, fn = expected.total[TP], expected.total[FN]
    if tp + fn <= 0:
        return None
    slopes = np.zeros(4)
    slopes[TP], slopes[FN] = fn / (tp + fn) ** 2, -tp / (tp + fn) ** 2
    return float(tp / (tp + fn)), expected.error(slopes)


def _f1(expected: _Expected) -> tuple[float, float] | None:
    tp, fp, fn = (expected.total[place] for place in (TP, FP, FN))
    whole = 2 * tp + fp + fn
    if whole <= 0:
        return None
    slopes = np.zeros(4)
    slopes[TP] = 2.0 * (fp + fn) / whole**2
    slopes[FP] = slopes[FN] = -2.0 * tp / whole**2
    return float(2 * tp / whole), expected.error(slopes)


def _roc_auc(expected: _Expected) -> tuple[float, float] | None:
    """Rank cells by their scores; rows of one cell are taken for ties."""
    positives = expected.cells[TP] + expected.cells[FN]
    negatives = expected.cells[FP] + expected.cells[TN]
    p, n = float(positives.sum()), float(negatives.sum())
    if p <= 0 or n <= 0:
        return None
    below = np.cumsum(negatives) - negatives / 2.0
    above = p - np.cumsum(positives) + positives / 2.0
    area = float(np.dot(positives, below)) / (p * n)
    true, false = (below / n - area) / p, (above / p - area) / n
    slopes = np.array([true, false, true, false])
    return area, expected.error(slopes)


def _log_loss(counted: Sequence[tuple[CellRates, Floats]], n: int) -> Measured:
    """Add up the classes' shares; their errors are added as if they went together, which is the most."""
    value = error = 0.0
    for rates, counts in counted:
        value += float(np.dot(rates.log_loss, counts)) / n
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.where(rates.rate > 0, rates.log_loss / rates.rate, 0.0)
        error += _spread(rates, counts, size / n)
    return _measured("log_loss", value, error, n, "lower")


def _brier(counted: Sequence[tuple[CellRates, Floats]], n: int) -> Measured:
    value = math.fsum(float(np.dot(rates.squares, counts)) for rates, counts in counted) / n / 2.0
    # (score - y)² differs by at most 1 between the two outcomes.
    error = math.fsum(_spread(rates, counts, np.ones(len(counts)) / n) for rates, counts in counted) / 2.0
    return _measured("brier", min(1.0, value), error, n, "lower")


def _spread(rates: CellRates, counts: Floats, size: Floats) -> float:
    """Give the error of a sum of outcomes, each of which counts `size` where it comes true."""
    variance = rates.rate * (1.0 - rates.rate) * size**2
    return math.sqrt(float(np.dot(_doubled(rates, counts), variance)))
