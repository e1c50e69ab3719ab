"""Features that stand still: every row of a period has one value, where the baseline's have many."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import Subject, features, learned_p, nan_is_missing
from hythe.statistics.bins import NumberBins
from hythe.statistics.fisher import at_least

CHANCE = 1e-12
"""It speaks only where chance would make all rows equal more rarely than this."""


class Frozen:
    """Finds features with one value in all rows, missing ones left aside, that vary in the baseline.

    It gives a candidate only where rows drawn from one distribution with the baseline's would all be equal
    with a chance of at most 1e-12: a thousand features, looked at each hour, would have one in a thousand
    centuries. So the others need no place among the tests of a period. The chance is that of Fisher's exact
    test for the value's cell, times the number of values that can be as frequent (all rows over the value's);
    where variation between windows was learned, it is that of its test.
    """

    name = "frozen"

    def look(self, period: Period) -> Iterator[Candidate]:
        """Give a candidate for each feature that stands still."""
        for subject in features(period):
            place = _only(subject)
            if place is None:
                continue
            chance = p_value(subject, place) if period.normal is None else learned_p(period, subject, place)
            if chance is not None and chance <= CHANCE:
                yield _candidate(subject, place, chance)


def p_value(subject: Subject, place: int) -> float:
    """Give the chance that all values of the window, missing ones left aside, are equal: in cell `place`."""
    first = _first(subject)
    n, m = sum(subject.now[first:]), sum(subject.before[first:])
    alike = subject.before[place] + n
    return min(1.0, at_least(n, n, alike, m + n) * (m + n) / alike)


def _first(subject: Subject) -> int:
    """Give the first cell of values that are there."""
    return 2 if isinstance(subject.bins, NumberBins) and nan_is_missing(subject) else 1


def _only(subject: Subject) -> int | None:
    """Find the cell that has all values of the window, all equal; None where there is none."""
    first = _first(subject)
    filled = [place for place, n in enumerate(subject.now) if n and place >= first]
    varied = sum(n > 0 for n in subject.before[first:]) > 1
    if len(filled) != 1 or not varied:
        return None
    if not isinstance(subject.bins, NumberBins):
        return None if filled[0] == len(subject.now) - 1 else filled[0]  # the last cell has many values
    powers = subject.powers
    if powers is None or powers.minimum is None or powers.minimum != powers.maximum or powers.beyond:
        return None
    return filled[0]


def _candidate(subject: Subject, place: int, chance: float) -> Candidate:
    n = sum(subject.now[_first(subject) :])
    return Candidate(
        kind="quality",
        check="frozen",
        subject=subject.name,
        p_value=chance,
        fine=f"{subject.short} has one value in all of {n} rows that have it",
        found=(
            f"{subject.short} is {_shown(subject, place)} in all of {n} rows that have it, and varies in the "
            "baseline; see whether what fills it still runs"
        ),
        value=1.0,
        unit="share",
        weight=subject.weight,
        n=n,
        details={"cell": place},
    )


def _shown(subject: Subject, place: int) -> str:
    """Write the value; that of a sensitive column is not told."""
    if subject.column is not None and subject.column.sensitive:
        return "one value"
    if isinstance(subject.bins, NumberBins):
        return f"{subject.powers.minimum:g}" if subject.powers is not None else "one value"
    return repr(subject.bins.known[place - 1])
