"""From counts in a baseline's cells to what can be drawn: steps along an axis, or a bar for each value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.summary import Summary
from hythe.statistics.bins import NumberBins, ValueBins

STEPS = 48
MOST_BARS = 14
_FEW_VALUES = 24
_MARGIN = 0.3
"""How far the axis goes beyond all but the outermost cells, as a share of what these span."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, or what has no place on an axis: its shares of the baseline and of the window."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Shares of equal steps from `low` to `high`; what lies further out is in the outermost ones.

    `aside` is what is missing, NaN, and beyond all that the baseline has seen.
    """

    low: float
    high: float
    before: tuple[float, ...]
    now: tuple[float, ...]
    aside: tuple[Bar, ...] = ()


def shape_of(summary: Summary, cells: Sequence[int]) -> Steps | tuple[Bar, ...]:
    """Say how a feature is best drawn: numbers of many values along an axis, all else a bar for each value.

    >>> from hythe.statistics.counts import Counts
    >>> plan = Summary(Counts(ValueBins(("gold", "tin")), (0, 60, 40, 0)))
    >>> [(bar.label, bar.before, bar.now) for bar in shape_of(plan, (5, 3, 2, 0))]
    [('gold', 0.6, 0.3), ('tin', 0.4, 0.2), ('missing', 0.0, 0.5)]
    """
    bins = summary.counts.bins
    before, now = _shares(summary.counts.cells), _shares(cells)
    if isinstance(bins, ValueBins):
        return _values(bins, before, now)
    aside = _aside(before, now)
    if len(bins.lefts) <= _FEW_VALUES or bins.high is None:
        pairs = zip(bins.lefts, before[3:-1], now[3:-1], strict=False)
        return (*(Bar(f"{left:.6g}", one, other) for left, one, other in pairs), *aside)
    low, high = _span(bins)
    edges = np.linspace(low, high, STEPS + 1)
    return Steps(low, high, _spread(bins, before, edges), _spread(bins, now, edges), aside)


def as_text(value: float, *, is_time: bool = False) -> str:
    """Write a place on an axis.

    >>> as_text(1234567.0), as_text(0.25), as_text(86400.0, is_time=True)
    ('1,234,567', '0.25', '1970-01-02')
    """
    if is_time:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    if 1e4 <= abs(value) < 1e9:  # noqa: PLR2004 - more digits than one reads at a glance
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _shares(cells: Sequence[int]) -> list[float]:
    total = sum(cells) or 1
    return [cell / total for cell in cells]


def _values(bins: ValueBins, before: list[float], now: list[float]) -> tuple[Bar, ...]:
    """Give the most frequent values, in the baseline or now; the others together."""
    names = [str(value) for value in bins.known]
    if bins.key:  # sensitive values are kept as hashes, which tell nobody anything
        names = [f"value {place}" for place in range(1, len(names) + 1)]
    bars = [Bar(*each) for each in zip(names, before[1:-1], now[1:-1], strict=True)]
    kept = sorted(bars, key=lambda bar: -max(bar.before, bar.now))[:MOST_BARS]
    rest = [bar for bar in bars if bar not in kept]
    more = [Bar(f"{len(rest)} other known", sum(b.before for b in rest), sum(b.now for b in rest))]
    ends = [Bar("unknown values", before[-1], now[-1]), Bar("missing", before[0], now[0])]
    return (*kept, *(more if rest else ()), *(bar for bar in ends if bar.before or bar.now))


def _aside(before: list[float], now: list[float]) -> tuple[Bar, ...]:
    places = (("missing", 0), ("NaN", 1), ("below", 2), ("above", len(before) - 1))
    bars = [Bar(name, before[place], now[place]) for name, place in places[: 4 if len(before) > 3 else 3]]  # noqa: PLR2004 - the fixed cells
    return tuple(bar for bar in bars if bar.before or bar.now)


def _span(bins: NumberBins) -> tuple[float, float]:
    """Choose an axis that shows the inner cells well, however far the outermost reach."""
    lowest, highest = bins.lefts[0], bins.high or 0.0
    first, last = bins.lefts[1], bins.lefts[-1]
    margin = _MARGIN * (last - first)
    low, high = max(lowest, first - margin), min(highest, last + margin)
    return (low, high) if high > low else (lowest, math.nextafter(highest, math.inf))


def _spread(bins: NumberBins, shares: list[float], edges: NDArray[np.float64]) -> tuple[float, ...]:
    """Share cells out over steps, as if a cell's values lay evenly in it."""
    borders = np.array([*bins.lefts, max(bins.high or 0.0, math.nextafter(bins.lefts[-1], math.inf))])
    until = np.concatenate([[0.0], np.cumsum(shares[3:-1])])
    at = np.interp(edges, borders, until)
    at[0], at[-1] = 0.0, until[-1]
    return tuple(np.diff(at).tolist())
