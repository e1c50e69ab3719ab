"""Values that are rare, and those that the baseline does not name: whether they became more or fewer.

The baseline names the most frequent values of its own rows. So by selection alone they seem to become
fewer in every other sample, and the others more, the more so the more rare values there are. What does not
suffer from that is a split that the baseline did not choose: values that make up a fixed share of *both
samples together*, and the rest.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.hypergeometric import log_tails

Booleans: TypeAlias = NDArray[np.bool_]
_USUAL = 5
"""A value is usual when it makes up 2⁻⁵ of the rows at least."""
_MOST_HALVINGS = 30


def log_p(pair: Pair) -> Floats:
    """Bound the logarithm of the p-value that the rare values make up as much of both samples.

    For each power of two 2⁻ⁱ of the rows: the values that make up less than that of both samples together
    are rare. Which ones these are does not hang on which rows are the window's, so that Fisher's exact test
    holds. They can be told where the values that the baseline does not name, taken as one, are rare, too.

    >>> from hythe.statistics.bins import ValueBins
    >>> new = Pair.of(ValueBins(("a", "b")), (0, 500, 500, 0), (0, 45, 45, 10))
    >>> bool(log_p(new) < -18)
    True
    """
    baseline, window = pair.present
    n, m = window.sum(axis=-1), baseline.sum(axis=-1)
    halvings = np.ceil(np.log2(np.maximum(n + m, 2.0)))
    found = np.zeros(np.shape(n))
    for halving in range(1, min(int(halvings.max()), _MOST_HALVINGS) + 1):
        often, told = _often(pair, halving)
        more = n - (window * often).sum(axis=-1)
        all_rare = more + m - (baseline * often).sum(axis=-1)
        either = np.minimum(*log_tails(more, all_rare, n, m))
        found = np.where(told, np.minimum(found, either), found)
    return np.asarray(np.minimum(found + np.log(2.0 * halvings), 0.0))


def usual(pair: Pair) -> tuple[Floats, Floats]:
    """Give the window's and the baseline's counts of missing, of usual values, and of all others as one.

    Where the usual values cannot be told, everything that is there is one group.
    """
    often, told = _often(pair, _USUAL)
    kept = often & told[..., None]
    baseline, window = pair.present
    return _with_rest(pair.window, window, kept), _with_rest(pair.baseline, baseline, kept)


def _with_rest(cells: Floats, present: Floats, kept: Booleans) -> Floats:
    rest = (present * ~kept).sum(axis=-1, keepdims=True)
    return np.concatenate([cells[..., :1], present * kept, rest], axis=-1)


def _often(pair: Pair, halving: int) -> tuple[Booleans, Booleans]:
    """Say which values make up 2^-halving of the values or more, and whether that can be told."""
    baseline, window = pair.present
    totals = baseline + window
    bar = totals.sum(axis=-1) * 2.0**-halving
    often = totals >= bar[..., None]
    often[..., -1] = False
    least = baseline[..., :-1].min(axis=-1, initial=np.inf)
    unnamed = np.where(baseline[..., -1] > 0.0, least, 0.0) + window[..., -1]
    return often, np.asarray(unnamed < bar)
