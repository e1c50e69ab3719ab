"""A quantile of any distribution, from counts below fixed bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hythe.base.errors import Invalid
from hythe.statistics.evidence.mixture import best_precision, one_sided

_EXPECTED = 500


def quantile_interval(
    counts: Sequence[int], bounds: Sequence[float], q: float, alpha: float, *, expected: int = _EXPECTED
) -> tuple[float, float]:
    """Give the confidence sequence of the `q`-quantile at level 1 - `alpha`.

    `counts[i]` values were at most `bounds[i]` and more than the bound before; the last of `counts`, one more
    than there are bounds, were beyond all. The interval's ends are bounds, rounded outwards, or ±inf.
    `expected` is the number of values at which it is to be narrowest.

    Source: Howard and Ramdas 2022, theorem 1 and section 3: the count of values up to the quantile is a sum
    of bounded variables, and stays below a mixture boundary of variance 1/4 a value.

    Raises:
        Invalid: when `q` is not between 0 and 1, or the counts do not fit the bounds.

    >>> quantile_interval([500, 400, 100], [1.0, 2.0], 0.5, 0.05)
    (-inf, 2.0)
    """
    if not 0.0 < q < 1.0:
        raise Invalid(f"the quantile is {q}; give one between 0 and 1")
    if len(counts) != len(bounds) + 1:
        raise Invalid(f"{len(counts)} counts for {len(bounds)} bounds; give one count more than bounds")
    n = sum(counts)
    if n == 0:
        return -math.inf, math.inf
    reach = float(one_sided(0.25 * n, alpha / 2, best_precision(0.25 * expected, alpha / 2, one_sided)))
    low, high, below = -math.inf, math.inf, 0
    for count, bound in zip(counts, bounds, strict=False):
        below += count
        # Where this few lie below the bound, the quantile is above it; where this many do, it is not.
        if below < n * q - reach:
            low = bound
        if below > n * q + reach:
            high = bound
            break
    return low, high
