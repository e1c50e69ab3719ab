"""From counts in a baseline's cells to what can be drawn: steps along an axis, or a bar for each value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hythe.bundle.summary import Summary
from hythe.statistics.bins import NumberBins, ValueBins

STEPS = 48
MOST_BARS = 14
_ROUNDING = 1e-12
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
    """Shares of equal steps from `low` to `high`; `aside` is what lies further out, is missing, or NaN."""

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
    [('missing', 0.0, 0.5), ('gold', 0.6, 0.3), ('tin', 0.4, 0.2)]
    """
    bins = summary.counts.bins
    before, now = _shares(summary.counts.cells), _shares(cells)
    if isinstance(bins, ValueBins):
        return _values(bins, before, now)
    if len(bins.lefts) <= _FEW_VALUES or bins.high is None:
        pairs = zip(bins.lefts, before[3:-1], now[3:-1], strict=False)
        ends = ("below", before[2], now[2]), ("above", before[-1], now[-1])
        return (*(Bar(f"{left:.6g}", one, other) for left, one, other in pairs), *_aside(before, now, *ends))
    low, high = _span(bins)
    one, other = _spread(bins, before, low, high), _spread(bins, now, low, high)
    below = f"< {as_text(low)}", one[0], other[0]
    above = f"> {as_text(high)}", one[-1], other[-1]
    return Steps(low, high, one[1:-1], other[1:-1], _aside(before, now, below, above))


def as_text(value: float) -> str:
    """Write a place on an axis.

    >>> as_text(1234567.0), as_text(0.25)
    ('1,234,567', '0.25')
    """
    if 1e4 <= abs(value) < 1e9:  # noqa: PLR2004 - more digits than one reads at a glance
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _shares(cells: Sequence[int]) -> list[float]:
    total = sum(cells) or 1
    return [cell / total for cell in cells]


def _values(bins: ValueBins, before: list[float], now: list[float]) -> tuple[Bar, ...]:
    """Give the values whose shares changed most, the others together, in the order of the baseline."""
    names = [str(value) for value in bins.known]
    if bins.key:  # sensitive values are kept as hashes, which tell nobody anything
        names = [f"value {place}" for place in range(1, len(names) + 1)]
    bars = [Bar(*each) for each in zip(names, before[1:-1], now[1:-1], strict=True)]
    changed = sorted(bars, key=lambda bar: -abs(bar.now - bar.before))
    kept = changed if len(bars) <= MOST_BARS + 1 else changed[:MOST_BARS]
    rest = changed[len(kept) :]
    ends = [Bar("unknown values", before[-1], now[-1]), Bar("missing", before[0], now[0])]
    return (
        *(bar for bar in ends if bar.before or bar.now),
        *sorted(kept, key=lambda bar: -bar.before),
        *(
            [Bar(f"{len(rest)} others", sum(b.before for b in rest), sum(b.now for b in rest))]
            if rest
            else []
        ),
    )


def _aside(before: list[float], now: list[float], *ends: tuple[str, float, float]) -> tuple[Bar, ...]:
    bars = [Bar("missing", before[0], now[0]), Bar("NaN", before[1], now[1]), *(Bar(*end) for end in ends)]
    return tuple(bar for bar in bars if bar.before or bar.now)


def _span(bins: NumberBins) -> tuple[float, float]:
    """Choose an axis that shows the inner cells well, however far the outermost reach."""
    lowest, highest = bins.lefts[0], bins.high or 0.0
    first, last = bins.lefts[1], bins.lefts[-1]
    margin = _MARGIN * (last - first)
    low, high = max(lowest, first - margin), min(highest, last + margin)
    return (low, high) if high > low else (lowest, math.nextafter(highest, math.inf))


def _spread(bins: NumberBins, shares: list[float], low: float, high: float) -> tuple[float, ...]:
    """Share cells out over equal steps, as if they were even; what lies beyond comes first and last."""
    borders = np.array([*bins.lefts, max(bins.high or 0.0, math.nextafter(bins.lefts[-1], math.inf))])
    until = shares[2] + np.concatenate([[0.0], np.cumsum(shares[3:-1])])
    at = np.interp(np.linspace(low, high, STEPS + 1), borders, until)
    found: list[float] = np.diff(np.concatenate([[0.0], at, [until[-1] + shares[-1]]])).tolist()
    return tuple(0.0 if abs(share) < _ROUNDING else share for share in found)
