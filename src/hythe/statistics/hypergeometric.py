"""Tails of the hypergeometric distribution, far out: bounds that are never too small."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln


def log_tail(hits: ArrayLike, marked: ArrayLike, drawn: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Bound log P(H ≥ `hits`) from above, H the marked among `drawn` items, picked from drawn + others.

    `marked` of all the items are marked, and every choice is as likely. That is Fisher's exact test (1935)
    of one cell: the total of the cell is marked, the window is drawn, the baseline are the others. Beyond
    the mode each term is at most r times the one before, r the first such ratio, so the tail is at most the
    first term / (1 - r): a few percent too much at 1e-6, ever less further out. 0 near the middle. Numbers
    and arrays that broadcast.

    >>> round(float(np.exp(log_tail(5, 5, 10, 10))), 6)
    0.016254
    """
    h, k, n, m = (np.asarray(each, dtype=np.float64) for each in (hits, marked, drawn, others))
    certain, impossible = h <= np.maximum(k - m, 0.0), h > np.minimum(k, n)
    h = np.where(certain | impossible, np.minimum(k, n), h)
    rest = m - k + h
    ratio = (k - h) * (n - h) / ((h + 1.0) * (rest + 1.0))
    log_first = log_choose(k, h) + log_choose(n + m - k, n - h) - log_choose(n + m, n)
    found = np.where(certain, 0.0, _summed(log_first, ratio))
    return np.asarray(np.where(impossible, -np.inf, found))


def log_tails(
    hits: ArrayLike, marked: ArrayLike, drawn: ArrayLike, others: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound log P(H ≥ `hits`) and log P(H ≤ `hits`), as `log_tail` does; `hits` must be possible.

    Both begin with the same term, so together they take half as long.

    >>> [round(float(np.exp(log)), 6) for log in log_tails(5, 5, 10, 10)]
    [0.016254, 1.0]
    """
    h, k, n, m = (np.asarray(each, dtype=np.float64) for each in (hits, marked, drawn, others))
    first = log_choose(k, h) + log_choose(n + m - k, n - h) - log_choose(n + m, n)
    rest = m - k + h
    more = (k - h) * (n - h) / ((h + 1.0) * (rest + 1.0))
    less = h * rest / ((k - h + 1.0) * (n - h + 1.0))
    return _summed(first, more), _summed(first, less)


def _summed(log_first: NDArray[np.float64], ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound the log sum of terms of which each is at most `ratio` times the one before; 0 from 1 on."""
    far = ratio < 1.0
    bound = np.minimum(log_first - np.log1p(-np.where(far, ratio, 0.0)), 0.0)
    return np.where(far, bound, 0.0)


def log_choose(n: Any, k: Any) -> Any:
    """Give the logarithm of the number of ways to choose `k` of `n`."""
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
