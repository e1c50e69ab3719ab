"""Values that the reference data do not have: no more of them than two samples of one kind show.

The baseline's own rows chose which values are known, so a plain test of two samples of *known* against
*other* is wrong: of a column of names, every one of them in the reference is known, and nearly every one in
a window is new, with no drift at all. So rows are told apart by what both samples agree on. A value is
*firm* when it is so frequent in both together that the baseline knows it but for a chance of 1e-12; which
values these are does not depend on who is in which sample, and then the number of the window's rows that hold
no firm value is hypergeometric.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import SEEN_BY_DRIFT, Subject, features, learned_p, percent
from hythe.statistics.bins import ValueBins
from hythe.statistics.fisher import at_least, at_most

MISTAKEN = 1e-12
"""The chance that a firm value is one that the baseline does not know; no p-value is smaller."""


class Unseen:
    """Tests whether more rows than by chance hold a value that the baseline does not know."""

    name = "unseen"

    def look(self, period: Period) -> Iterator[Candidate]:
        """Give a candidate for each column of text or categories."""
        for subject in features(period):
            boolean = subject.column is not None and subject.column.type == "bool"
            if not isinstance(subject.bins, ValueBins) or boolean:
                continue
            other = len(subject.now) - 1
            exact = period.normal is None
            p = p_value(subject.before, subject.now) if exact else learned_p(period, subject, other)
            if p is not None:
                yield _candidate(subject, p)


def p_value(before: tuple[int, ...], now: tuple[int, ...]) -> float:
    """Test the last cell, of all other values; the first is of missing values, which are known.

    How many copies a value that is *not* known can have in the baseline, none or as many as the rarest known
    one, is taken in powers of two, and each power has its share of the error rate (1/2 for none, then
    3/(πi)² for the i-th).

    >>> p_value((0, 500, 500, 0), (0, 50, 50, 0))
    1.0
    >>> p_value((0, 500, 500, 0), (0, 40, 40, 20)) < 1e-9
    True
    >>> p_value((0, *[1] * 50, 0), (0, *[0] * 50, 50))  # names: each occurs once
    1.0
    """
    if not now[-1]:
        return 1.0
    m, n = sum(before), sum(now)
    step = min(before[1:-1], default=0).bit_length() if before[-1] else 0
    share = 0.5 if not step else 3.0 / (math.pi * step) ** 2
    least = _firm_from(m, n, 2**step - 1)
    together = [b + w for b, w in zip(before[:-1], now[:-1], strict=True)]
    firm = [place for place, copies in enumerate(together) if copies >= least or not place]
    if len(firm) < 2:  # noqa: PLR2004 - missing alone
        return 1.0
    loose = m + n - sum(together[place] for place in firm)
    found = n - sum(now[place] for place in firm)
    return min(1.0, at_least(found, n, loose, m + n) / share + MISTAKEN)


@lru_cache(maxsize=4096)
def _firm_from(m: int, n: int, unknown: int) -> int:
    """Find from how many copies in both samples the baseline has more than `unknown` of a value.

    But for a chance of `MISTAKEN` for all such values together, of which there are at most (m + n) / copies.
    """
    low, high = unknown, unknown + 1
    while high <= m + n and not _is_firm(high, m, n, unknown):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_firm(middle, m, n, unknown) else (middle, high)
    return high


def _is_firm(copies: int, m: int, n: int, unknown: int) -> bool:
    if copies > m + n:
        return True
    return at_most(unknown, m, copies, m + n) * (m + n) / copies <= MISTAKEN


def _candidate(subject: Subject, p: float) -> Candidate:
    before, now = subject.before[-1], subject.now[-1]
    shares = percent(now, subject.rows), percent(before, subject.rows_before)
    known = len(subject.before) - 2
    return Candidate(
        kind="quality",
        check="unseen",
        subject=subject.name,
        p_value=p,
        fine=f"{shares[0]} of the rows hold a {subject.short} beyond the {known} that the baseline counts",
        found=(
            f"{shares[0]} of {subject.rows} rows hold a {subject.short} that is none of the {known} that the "
            f"baseline counts, {shares[1]} of its own do; see what is new, and whether the model knows it"
        ),
        value=now / subject.rows,
        unit="share",
        weight=subject.weight,
        share=SEEN_BY_DRIFT,
        n=subject.rows,
        details={"before": before / subject.rows_before, "known": known},
    )
