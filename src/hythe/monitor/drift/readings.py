"""Every measure of how far one feature or output moved, for people to read beside the verdict."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from hythe.monitor.drift import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    wasserstein,
)
from hythe.monitor.drift.pair import Floats, Pair
from hythe.statistics.bins import ValueBins
from hythe.statistics.moments import Moments

_DIGITS = 5


class Moved(NamedTuple):
    """The share that changed most: of one value among the rows, or below a border among the numbers there.

    `name` is the value, `missing`, `NaN`, `other values` or `below 3.5`.
    """

    name: str
    before: float
    now: float

    @property
    def change(self) -> float:
        """How far the share moved, from 0 to 1."""
        return abs(self.now - self.before)


def most_moved(pair: Pair, *, hashed: bool = False) -> Moved:
    """Find the share that moved most, of a single feature's cells or borders; `hashed` names no value.

    >>> most_moved(Pair.of(ValueBins(("a", "b")), (0, 70, 30, 0), (0, 50, 40, 10)))
    Moved(name="'a'", before=0.7, now=0.5)
    """
    one, other = pair.shares()
    names = _cell_names(pair, hashed)
    if pair.ordered:
        one, other = (np.concatenate([each[:2], _below(each[2:])]) for each in (one, other))
        if not one[2:].any() or not other[2:].any():
            one[2:] = other[2:] = 0.0
    best = int(np.argmax(np.abs(one - other)))
    return Moved(names[best], float(one[best]), float(other[best]))


def readings(pair: Pair, before: Moments | None = None, now: Moments | None = None) -> dict[str, Any]:
    """Give each detector's measure of a single feature, and what is to be expected of it by chance.

    Distances of numbers in standard deviations of the baseline; figures have five digits.
    """
    found: dict[str, Any] = {
        "population_stability_index": float(population_stability_index.index(pair)),
        "population_stability_index_expected": float(population_stability_index.expected(pair)),
        "jensen_shannon": float(jensen_shannon.distance(pair)),
        "chi_square": float(chi_square.statistic(pair)),
        "cramers_v": float(chi_square.cramers_v(pair)),
    }
    if pair.ordered:
        found["kolmogorov_smirnov"] = float(kolmogorov_smirnov.distance(pair))
        found |= _moved_by(pair, before, now)
    return {name: _short(value) for name, value in found.items()}


def shares(pair: Pair) -> dict[str, list[float]]:
    """Give both samples' shares by cell, for a plot."""
    one, other = pair.shares()
    return {"baseline": [_short(share) for share in one], "window": [_short(share) for share in other]}


def _moved_by(pair: Pair, before: Moments | None, now: Moments | None) -> dict[str, Any]:
    if before is None or before.mean is None:
        return {}
    ends = (None, None) if now is None else (now.minimum, now.maximum)
    spread = math.sqrt(before.variance or 0.0)
    found: dict[str, Any] = {"mean_baseline": before.mean, "standard_deviation_baseline": spread}
    if spread and math.isfinite(spread):
        found["wasserstein"] = wasserstein.distance(pair, *ends) / spread
    if now is not None and now.mean is not None:
        found |= {"mean": now.mean, "standard_deviation": math.sqrt(now.variance or 0.0)}
    return found


def _below(shares: Floats) -> Floats:
    """Give which share of the numbers that are there lies below each border."""
    return np.asarray(np.cumsum(shares)[:-1] / max(float(shares.sum()), 1e-300))


def _cell_names(pair: Pair, hashed: bool) -> list[str]:
    """Name what each share is of, for numbers the shares below each border but the first."""
    bins = pair.bins
    if isinstance(bins, ValueBins):
        known = ["a value" if hashed or bins.key else repr(value) for value in bins.known]
        return ["missing", *known, "other values"]
    borders = [f"below {left:.4g}" for left in bins.lefts]
    last = [] if bins.high is None else [f"up to {bins.high:.4g}"]
    return ["missing", "NaN", *borders, *last]


def _short(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
