"""Whether performance is worse than the baseline's: p-values that hold for few rows and far into the tail.

All are exact or bounds, conditional on nothing but that rows are independent draws and the reference another
sample of the same. Rows of one unit are not, so one row of each counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hythe.bundle.baseline import Baseline
from hythe.bundle.truth import Calibration, Residuals
from hythe.monitor.performance.labelled import Labelled, LabelledClasses, LabelledNumbers, first_of_units
from hythe.monitor.performance.measured import PAIR, Floats
from hythe.monitor.performance.rates_by_cell import CellRates, rates_by_cell
from hythe.statistics.bins import NumberBins
from hythe.statistics.fisher import at_least, at_most
from hythe.statistics.places import places

_CENTRAL = (("0.25", "0.75"), ("0.05", "0.95"), ("0.01", "0.99"))
"""Residuals outside of these central quantiles of the reference's are counted."""


def independent(rows: Labelled) -> Labelled:
    """Give one row of each unit, the first."""
    return rows if rows.units is None else rows.take(first_of_units(rows.units, len(rows)))


def less_accurate(rows: LabelledClasses, baseline: Baseline) -> float | None:
    """Give the p-value of "accuracy is the baseline's or better"; None where the baseline has none.

    Fisher's exact test of the wrong answers of both, one-sided (Fisher 1935).
    """
    known = _wrong_in_reference(baseline)
    if known is None or not len(rows):
        return None
    wrong, reference = known
    now = int((rows.answers != rows.truth).sum())
    return at_least(now, len(rows), now + wrong, len(rows) + reference)


def larger_errors(rows: LabelledNumbers, residuals: Residuals) -> float:
    """Give the p-value of "errors are spread as the baseline's, or less".

    The rows outside two order statistics of `m` others are distributed by ranks alone, whatever the errors'
    distribution (Wilks 1941; "exceedances", Gumbel and von Schelling 1950). Three pairs are tried, and p
    is three times the least (Bonferroni). Ties only make it larger.
    """
    errors = rows.truth - rows.answers
    reference = residuals.rows
    found = [1.0]
    for lower, upper in _CENTRAL:
        first, last = (_order(float(share), reference) for share in (lower, upper))
        low, high = residuals.quantiles[lower], residuals.quantiles[upper]
        beyond = int(((errors < low) | (errors > high)).sum())
        found.append(_exceedances(beyond, len(errors), reference, last - first))
    return min(1.0, len(_CENTRAL) * min(found))


def _order(share: float, rows: int) -> int:
    """Give which of the ordered residuals a quantile is, from 1, as numpy's `inverted_cdf` chooses it."""
    return max(1, math.ceil(share * rows))


def _exceedances(beyond: int, n: int, reference: int, inside: int) -> float:
    """Give P(at least `beyond` of `n` lie outside of `inside` neighbouring gaps of the reference's).

    Of the reference + 1 gaps all are alike; so it is the chance that among the first `beyond + outside - 1`
    of all values in an order by chance, `beyond` are new.
    """
    outside = reference + 1 - inside
    if beyond <= 0 or inside <= 0:
        return 1.0
    return at_least(beyond, n, beyond + outside - 1, reference + n)


def other_outcomes(rows: LabelledClasses, baseline: Baseline) -> float | None:
    """Give the p-value of "scores come true as often as they did in the baseline", cell by cell of scores.

    This is what estimates without labels take for granted. A third of it goes to all cells together, a third
    to the upper half against the lower (Chernoff's bound; drawing without replacement is no wider than with:
    Hoeffding 1963, theorem 4), a third to the worst cell (Fisher's exact test, Bonferroni). Classes share it.
    None without probabilities or reference.
    """
    usable = rows.scored()
    found = [
        _of_class(each, usable, place, baseline) for each, place in _tested(rates_by_cell(baseline), rows)
    ]
    told = [p for p in found if p is not None]
    return min(1.0, len(told) * min(told)) if told else None


def _tested(rates: Sequence[CellRates], rows: LabelledClasses) -> Iterator[tuple[CellRates, int]]:
    """Name the classes to be looked at: of two one tells all."""
    for each in rates[-1:] if len(rates) == PAIR else rates:
        if each.name in rows.classes:
            yield each, rows.classes.index(each.name)


def _of_class(rates: CellRates, rows: LabelledClasses, place: int, baseline: Baseline) -> float | None:
    summary = baseline.outputs.get(rates.output)
    bins = None if summary is None else summary.counts.bins
    if rows.scores is None or not len(rows) or not isinstance(bins, NumberBins):
        return None
    cells = places(bins, rows.scores[:, place])
    n = np.bincount(cells, minlength=len(rates.rows)).astype(np.float64)
    hits = np.bincount(cells[rows.truth == place], minlength=len(rates.rows)).astype(np.float64)
    reference = np.rint(rates.rate * rates.rows)
    known = (n > 0) & (rates.rows > 0)
    if not known.any():
        return None
    table = n[known], hits[known], rates.rows[known], reference[known]
    upper = np.where(np.cumsum(table[0]) > table[0].sum() / 2.0, 1.0, -1.0)
    return min(
        1.0, 3.0 * min(_together(*table, np.ones(len(upper))), _together(*table, upper), _worst(*table))
    )


def _together(n: Floats, hits: Floats, reference: Floats, reference_hits: Floats, signs: Floats) -> float:
    """Bound the chance that Σ sign · hits lies so far to either side, given each cell's total."""
    rate = (hits + reference_hits) / (n + reference)
    told = float(np.dot(signs, hits))
    return min(1.0, 2.0 * min(_chernoff(n, rate, signs, told), _chernoff(n, rate, -signs, -told)))


def _chernoff(n: Floats, rate: Floats, signs: Floats, told: float) -> float:
    """Bound P(Σ sign · Binomial(n, rate) >= told): E exp(t(Σ - told)) at its best t >= 0 (Chernoff 1952)."""
    from scipy.optimize import minimize_scalar

    if told <= float(np.dot(signs, n * rate)):
        return 1.0

    def exponent(t: float) -> float:
        return float(np.dot(n, np.log1p(rate * np.expm1(t * signs)))) - t * told

    found = minimize_scalar(exponent, bounds=(0.0, 50.0), method="bounded")
    return min(1.0, math.exp(min(0.0, float(found.fun))))


def _worst(n: Floats, hits: Floats, reference: Floats, reference_hits: Floats) -> float:
    least = 1.0
    cells = np.array([n, hits, reference, reference_hits], dtype=np.int64).T
    for now, came, before, had in cells.tolist():
        more = at_least(came, now, came + had, now + before)
        fewer = at_most(came, now, came + had, now + before)
        least = min(least, 2.0 * more, 2.0 * fewer)
    return min(1.0, len(n) * least)


def _wrong_in_reference(baseline: Baseline) -> tuple[int, int] | None:
    """Give how many reference rows were answered wrongly, and how many there were."""
    if cells := baseline.score_cells:
        rows = sum(sum(part) for part in (cells[-1].tp, cells[-1].fp, cells[-1].fn, cells[-1].tn))
        return rows - sum(sum(each.tp) for each in cells), rows
    found = baseline.calibration
    if not isinstance(found, Calibration):
        return None
    return found.rows - round(found.accuracy * found.rows), found.rows
