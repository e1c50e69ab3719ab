"""What happened to a feature that drifted, in words: which of a few things explains its counts."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.bundle.schema import Column
from hythe.bundle.summary import Summary
from hythe.monitor.quality.subjects import percent
from hythe.monitor.quality.transforms import Transform, find, shown
from hythe.monitor.window import Tally
from hythe.statistics.bins import NumberBins, ValueBins

_NAN = 1
_LEAST = 0.05
"""A change of a share by less is not told."""


def diagnose(summary: Summary, tally: Tally, column: Column | None = None) -> tuple[str, ...]:
    """Explain the difference between a baseline's counts and a window's, the most telling first.

    It tests nothing: call it for what has been found to drift. Empty where nothing simple explains it, where
    the counts are over other cells, or there are none.

    >>> from hythe.statistics.bins import ValueBins
    >>> from hythe.statistics.counts import Counts
    >>> known = Summary(Counts(ValueBins(("a", "b")), (1, 60, 39, 0)))
    >>> diagnose(known, Tally((20, 45, 35, 0)))
    ('missing rose from 1.0% to 20.0%', "'a' fell from 60.0% to 45.0%")
    """
    before, now = summary.counts.cells, tally.cells
    if len(before) != len(now) or not sum(before) or not sum(now):
        return ()
    hidden = column is not None and column.sensitive
    found = transforms(summary, tally)
    told = [f"all values look {shown(found)}"] if found else []
    return (*told, *_moves(summary, tally, hidden=hidden, numbers=not found))


def transforms(summary: Summary, tally: Tally) -> tuple[Transform, ...]:
    """Find what turns the baseline's numbers into the window's, the likeliest first; often nothing does."""
    bins = summary.counts.bins
    if not isinstance(bins, NumberBins) or summary.moments is None or tally.powers is None:
        return ()
    return find(bins, summary.counts.cells, tally.cells, summary.moments, tally.powers.moments())


def _moves(summary: Summary, tally: Tally, *, hidden: bool, numbers: bool) -> Iterator[str]:
    """Tell the cells whose share of the rows changed, missing ones first; of values only the most changed."""
    bins, before, now = summary.counts.bins, summary.counts.cells, tally.cells
    m, n = sum(before), sum(now)
    changes = [now[place] / n - before[place] / m for place in range(len(now))]
    for place in _places(bins, changes, numbers=numbers):
        if abs(changes[place]) >= _LEAST:
            word = "rose" if changes[place] > 0 else "fell"
            name = _name(bins, place, hidden=hidden)
            yield f"{name} {word} from {percent(before[place], m)} to {percent(now[place], n)}"


def _places(bins: NumberBins | ValueBins, changes: list[float], *, numbers: bool) -> list[int]:
    if isinstance(bins, ValueBins):
        values = sorted(range(1, len(changes) - 1), key=lambda place: -abs(changes[place]))
        return [0, len(changes) - 1, *values[:1]]
    last = [2, len(changes) - 1] if numbers and bins.high is not None else []
    return [0, _NAN, *last]


def _name(bins: NumberBins | ValueBins, place: int, *, hidden: bool) -> str:
    if place == 0:
        return "missing"
    if isinstance(bins, ValueBins):
        if place == bins.cells - 1:
            return "values that the baseline does not count"
        return "one value" if hidden or bins.key else repr(bins.known[place - 1])
    if place == _NAN:
        return "NaN"
    return f"values below {bins.lefts[0]:g}" if place == _NAN + 1 else f"values above {bins.high:g}"
