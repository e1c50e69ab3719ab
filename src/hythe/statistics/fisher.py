"""Fisher's exact test: tails of the hypergeometric distribution, summed up and right far out."""

from __future__ import annotations

import math
import sys

_LEAST = sys.float_info.min
_ENOUGH = 1e-17


def at_least(found: int, drawn: int, marked: int, total: int) -> float:
    """Give P(X >= found), X the number of marked ones among `drawn` of `total` of which `marked` are marked.

    This is one side of Fisher's exact test (Fisher 1935). The relative error is below 1e-6 for totals up to
    1e9; what is too small for a float is given as the least float, so that no p-value is ever 0.

    >>> round(at_least(2, drawn=2, marked=2, total=4), 12)  # both, of the 6 pairs
    0.166666666667
    """
    least, most = max(0, drawn + marked - total), min(drawn, marked)
    if found <= least:
        return 1.0
    if found > most:
        return _LEAST
    if found * total <= drawn * marked:  # below the mean nearly all is in the tail: take the rest off
        return 1.0 - at_least(drawn - found + 1, drawn, total - marked, total)
    term = weight = 1.0
    for x in range(found, most):
        term *= (marked - x) * (drawn - x) / ((x + 1) * (total - marked - drawn + x + 1))
        weight += term
        if term < _ENOUGH * weight:
            break
    return min(1.0, max(_LEAST, weight * math.exp(_log_of(found, drawn, marked, total))))


def at_most(found: int, drawn: int, marked: int, total: int) -> float:
    """Give P(X <= found) of the same X as `at_least`.

    >>> round(at_most(0, drawn=2, marked=2, total=4), 12)
    0.166666666667
    """
    return at_least(drawn - found, drawn, total - marked, total)


def both_sides(now: int, rows: int, before: int, rows_before: int) -> float:
    """Test `now` of `rows` against `before` of `rows_before`: twice the smaller tail, 1 at most.

    >>> both_sides(10, 100, 100, 1000)
    1.0
    """
    total, marked = rows + rows_before, now + before
    return min(1.0, 2 * at_least(now, rows, marked, total), 2 * at_most(now, rows, marked, total))


def _log_of(x: int, drawn: int, marked: int, total: int) -> float:
    """Give ln P(X = x)."""
    return _choose(marked, x) + _choose(total - marked, drawn - x) - _choose(total, drawn)


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
