"""Rows that come again and again: more of them than the reference data make normal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hythe.bundle.baseline import Baseline
from hythe.bundle.repeats import Repeats
from hythe.monitor.finding import Finding
from hythe.monitor.period import Period
from hythe.monitor.quality.repeats import LONG, SHORT, RepeatedRows
from hythe.monitor.quality.subjects import percent

CHANCE = 1e-9
LIMIT = 0.1
"""What share of repeated rows is never a fault."""
_ENOUGH = 60


class Duplicates:
    """Finds periods in which surely more rows repeat one that came shortly before than would by chance.

    It gives no p-value to be judged. Where rows are independent draws, like those of the reference data, it
    alarms in one of 1e9 periods at most: the number of repeated rows is a self-bounding function of them, and
    so is close to its mean (McDiarmid & Reed 2006, theorem 1, with a = 2, b = 0), in the window as among the
    reference rows. A tenth of the rows may be repeated in any case: who asks twice makes no data wrong.
    """

    name = "duplicates"

    def look(self, period: Period) -> Iterator[Finding]:
        """Give one finding, where the window counted repeats and the baseline has its own."""
        counted = period.window.statistics.get(RepeatedRows.name, ())
        found = judged(counted, period.baseline)
        if found is not None:
            yield found


def judged(counted: Sequence[int], baseline: Baseline) -> Finding | None:
    """Judge what `RepeatedRows` counted: rows, and those repeated in short and in long blocks.

    None where nothing was counted, or the baseline, of an older bundle, does not know its own repeats.
    """
    known = baseline.repeats
    if not sum(counted) or known is None:
        return None
    n, *repeated = counted
    limits = [most_repeated(n, block, baseline.rows, known) for block in (SHORT, LONG)]
    _, found, limit = max((many / n - most, many, most) for many, most in zip(repeated, limits, strict=True))
    return _finding(n, found, limit, 1.0 - known.distinct / baseline.rows)


def most_repeated(n: int, block: int, m: int, known: Repeats) -> float:
    """Give the share of n rows, in blocks, that chance repeats but in `CHANCE` of all periods; 1 at most.

    >>> most_repeated(10_000, 256, 10_000, Repeats(10_000, 0)) == LIMIT
    True
    """
    log = math.log(6.0 / CHANCE)  # the window, and the baseline by two measures, for two sizes of blocks
    expected = n * expected_share(block, m, known, log)
    room = 2.0 * log + math.sqrt(4.0 * log * log + 4.0 * log * expected)
    return min(1.0, max(LIMIT, (expected + room) / n))


def expected_share(block: int, m: int, known: Repeats, log: float) -> float:
    """Bound the expected share of repeated rows in blocks from above, but for a chance of exp(-log) each.

    By the repeated ones of m reference rows: a longer block has as large a share at least, and one k times as
    long k times as large a share at most. And by the pairs of equal ones, whose share is a U-statistic
    (Hoeffding 1963, section 5).
    """
    if m < 2:  # noqa: PLR2004 - a pair
        return 1.0
    repeated = m - known.distinct
    above = 7.0 / 3.0 * log + math.sqrt((7.0 / 3.0 * log) ** 2 + 4.0 * log * repeated)
    by_rows = (repeated + above) / m * max(1.0, (block - 1) / (m - 1))
    by_pairs = _most_likely(2.0 * known.pairs / (m * (m - 1)), log / (m // 2)) * (block - 1) / 2.0
    return min(1.0, by_rows, by_pairs)


def _most_likely(share: float, distance: float) -> float:
    """Give the greatest share from which `share` is that far, by Kullback and Leibler's measure."""
    low, high = share, 1.0
    for _ in range(_ENOUGH):
        middle = (low + high) / 2.0
        near = _divergence(share, middle) <= distance
        low, high = (middle, high) if near else (low, middle)
    return high


def _divergence(one: float, other: float) -> float:
    if other >= 1.0:
        return 0.0 if one >= 1.0 else math.inf
    first = one * math.log(one / other) if one > 0.0 else 0.0
    return first + ((1.0 - one) * math.log((1.0 - one) / (1.0 - other)) if one < 1.0 else 0.0)


def _finding(n: int, found: int, limit: float, before: float) -> Finding:
    share = found / n
    alarms = share > limit
    cause = (
        "; see whether a caller sends them again, or what fills the features stands still" if alarms else ""
    )
    return Finding(
        kind="quality",
        check=Duplicates.name,
        subject="rows",
        verdict="alarm" if alarms else "too_little" if limit >= 1.0 else "ok",
        message=(
            f"{percent(share)} of {n} rows repeat one that came shortly before; {percent(limit)} may be "
            f"chance, and {percent(before)} of the reference rows are repeated{cause}"
        ),
        value=share,
        limit=limit,
        unit="share",
        n=n,
        details={"before": before},
    )
