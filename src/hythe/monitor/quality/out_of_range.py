"""Numbers beyond the baseline's least and greatest: no more of them than two samples of one kind have."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import SEEN_BY_DRIFT, Subject, features, learned_p, percent
from hythe.statistics.bins import NumberBins
from hythe.statistics.fisher import at_most

_BELOW = 2


class OutOfRange:
    """Tests how many numbers lie below the baseline's least or above its greatest.

    Some always do: of two samples of m and n draws, the expected share is 2/(m + 1). That k or more of the
    window's lie outside means that of the k + 1 outermost places of all m + n at most one is the
    baseline's, which is hypergeometric whatever the distribution (Wilks 1941; Gumbel & von Schelling 1950);
    ties only make it rarer. Times go on and leave the range by their nature, so they are left out; so are
    columns whose baseline has infinities, which are its range.
    """

    name = "range"

    def look(self, period: Period) -> Iterator[Candidate]:
        """Give a candidate for each column of numbers."""
        for subject in features(period):
            bins = subject.bins
            if not isinstance(bins, NumberBins) or bins.high is None or subject.is_time:
                continue
            if subject.before[_BELOW] or subject.before[-1]:
                continue
            p = _exact(subject) if period.normal is None else learned_p(period, subject, *_beyond(subject))
            if p is not None:
                yield _candidate(subject, bins.lefts[0], bins.high, p)


def p_value(outside: int, n: int, m: int) -> float:
    """Test that `outside` of n numbers lie outside the range of m others.

    >>> p_value(0, 100, 1000), p_value(1, 1, 1)
    (1.0, 1.0)
    """
    return 1.0 if not outside else at_most(1, outside + 1, m, m + n)


def _beyond(subject: Subject) -> tuple[int, int]:
    return _BELOW, len(subject.now) - 1


def _exact(subject: Subject) -> float:
    outside = sum(subject.now[place] for place in _beyond(subject))
    return p_value(outside, sum(subject.now[_BELOW:]), sum(subject.before[_BELOW:]))


def _candidate(subject: Subject, low: float, high: float, p: float) -> Candidate:
    below, above = (subject.now[place] for place in _beyond(subject))
    n, m = sum(subject.now[_BELOW:]), sum(subject.before[_BELOW:])
    shown = f"{subject.short} is below {low:g} in {below} and above {high:g} in {above} of {n} rows"
    return Candidate(
        kind="quality",
        check="range",
        subject=subject.name,
        p_value=p,
        fine=f"{shown}, as rarely as can be expected",
        found=f"{shown}, which the baseline's {m} never were; look for another unit, or a fault upstream",
        value=(below + above) / n if n else 0.0,
        unit="share",
        weight=subject.weight,
        share=SEEN_BY_DRIFT,
        n=n,
        details={"below": below, "above": above, "least": low, "greatest": high, "share": percent(2, m + 1)},
    )
