"""Does the traffic split as the plan says? With a sample-ratio mismatch no comparison can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import gammaln

from hythe.base.errors import Invalid
from hythe.statistics.evidence.sums import Number

_PRIOR = 100.0


def log_e_sample_ratio(counts: Sequence[Number], shares: Sequence[float], *, prior: float = _PRIOR) -> Any:
    """Give the logarithm of the e-value against "each request goes to arm i with probability shares[i]".

    The Bayes factor of a Dirichlet mixture, centred on the shares, against them (Lindon and Malek 2022,
    equation 5). `prior` is the Dirichlet's total weight in requests: more looks for smaller mismatches. An
    e-process in the number of requests. Numbers in, a number out; arrays likewise.

    Raises:
        Invalid: when counts and shares do not fit, or the shares are not positive with sum 1.

    >>> bool(log_e_sample_ratio([900, 100], [0.9, 0.1]) < 0)
    True
    >>> bool(log_e_sample_ratio([9000, 1300], [0.9, 0.1]) > math.log(1000))
    True
    """
    if len(counts) != len(shares) or any(np.any(np.asarray(count) < 0) for count in counts):
        raise Invalid(
            f"{len(counts)} counts and {len(shares)} shares; give a count of 0 or more for each share"
        )
    if min(shares) <= 0 or not math.isclose(sum(shares), 1.0, rel_tol=1e-9):
        raise Invalid(f"the shares are {list(shares)}; give positive ones that add up to 1")
    mixed: Any = gammaln(prior) - gammaln(prior + sum(counts))
    for share, count in zip(shares, counts, strict=True):
        mixed = mixed + gammaln(prior * share + count) - gammaln(prior * share) - count * math.log(share)
    return mixed
