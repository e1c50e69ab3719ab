"""What happened to a feature that drifted, in words: which of a few things explains its counts."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.monitor.quality.subjects import Subject, percent
from hythe.monitor.quality.transforms import shown, transforms
from hythe.statistics.bins import NumberBins, ValueBins

_NAN = 1
_LEAST = 0.05
"""A change of a share by less is not told."""


def diagnose(subject: Subject) -> tuple[str, ...]:
    """Explain the difference between a baseline's counts and a window's, the most telling first.

    It tests nothing: call it for what has been found to drift. Empty where nothing simple explains it, or
    nothing was counted.

    >>> plan = Subject(
    ...     name="feature:plan", bins=ValueBins(("a", "b")), before=(1, 60, 39, 0), now=(20, 45, 35, 0)
    ... )
    >>> diagnose(plan)
    ('missing rose from 1.0% to 20.0%', "'a' fell from 60.0% to 45.0%")
    """
    if not subject.rows or not subject.rows_before:
        return ()
    found = transforms(subject)
    told = [f"all values look {shown(found)}"] if found else []
    return (*told, *_moves(subject, numbers=not found))


def _moves(subject: Subject, *, numbers: bool) -> Iterator[str]:
    """Tell the cells whose share of the rows changed, missing ones first; of values only the most changed."""
    bins, before, now = subject.bins, subject.before, subject.now
    m, n = subject.rows_before, subject.rows
    hidden = subject.column is not None and subject.column.sensitive
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
