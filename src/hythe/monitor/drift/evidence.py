"""What all detectors say of one feature together: one p-value, whatever kind of change there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from hythe.monitor.drift import chi_square, jensen_shannon, kolmogorov_smirnov, rare, wasserstein
from hythe.monitor.drift.pair import Floats, Pair

NUMBERS: Mapping[str, float] = MappingProxyType(
    {"wasserstein": 0.625, "kolmogorov_smirnov": 0.125, "chi_square": 0.25}
)
VALUES: Mapping[str, float] = MappingProxyType({"chi_square": 0.5, "rare": 0.25, "jensen_shannon": 0.25})
"""The share of a feature's p-value that each detector has: shifts of the mean are looked for most."""
_DETECTORS = {
    "wasserstein": wasserstein.log_p,
    "kolmogorov_smirnov": kolmogorov_smirnov.log_p,
    "chi_square": chi_square.log_p,
    "jensen_shannon": jensen_shannon.log_p,
    "rare": rare.log_p,
}


def log_p_values(pair: Pair) -> dict[str, Floats]:
    """Bound each detector's log p-value, corrected for there being several (Bonferroni, by their shares).

    The least of them is the feature's: under the null P(it ≤ x) is at most x.

    >>> from hythe.statistics.bins import ValueBins
    >>> alike = Pair.of(ValueBins(("a", "b")), (0, 500, 500, 0), (0, 52, 48, 0))
    >>> {name: float(found) for name, found in log_p_values(alike).items()}
    {'chi_square': 0.0, 'rare': 0.0, 'jensen_shannon': 0.0}
    """
    shares = NUMBERS if pair.ordered else VALUES
    return {name: np.minimum(_DETECTORS[name](pair) - math.log(share), 0.0) for name, share in shares.items()}
