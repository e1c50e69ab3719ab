"""How much one feature or output varies between windows, and whether a new window is within it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.directions import FIRST_NUMBER, totals
from hythe.monitor.drift.seasons import Season, slot
from hythe.statistics.deviance import signed_deviance
from hythe.statistics.prediction import predicted_p

Floats = NDArray[np.float64]
_MOST_TELLING = 8
"""Of so many directions the p-value is worked out."""


class Deviation(NamedTuple):
    """How unlikely a window's counts are, and the direction that tells most.

    `expected` and `seen` are the shares of the cells from `first` up to, without, `last`; `effect` is the
    learned mean design effect of windows in that direction, 1 for independent rows.
    """

    p_value: float
    first: int
    last: int
    expected: float
    seen: float
    effect: float


class Slot(msgspec.Struct, frozen=True):
    """What windows of one slot of the season held together.

    `apart` is the variance of their mean level, in units of that of one window's level.
    """

    cells: tuple[int, ...]
    windows: int
    apart: float


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of one feature or output.

    Directions are the cells, then the numbers before each of the `cuts`. Of each direction `scale` is the
    mean square deviation of a learned window from the others of its slot, in units of what independent rows
    would have, and `df` its degrees of freedom. `weight` is how much variation between windows weighed in
    those deviations, relative to that of rows: the variance of levels by that of the mean of so many rows.
    """

    season: Season
    slots: Mapping[int, Slot]
    cuts: tuple[int, ...]
    scale: tuple[float, ...]
    df: tuple[float, ...]
    weight: tuple[float, ...]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.scale) - len(self.cuts)

    def slot(self, start: int, period_s: int) -> Slot | None:
        """Find what windows like one that begins at `start` held; None where there were none."""
        return self.slots.get(slot(self.season, start, period_s))

    def judge(
        self, cells: NDArray[np.int64], start: int, period_s: int, place: int | None = None
    ) -> Deviation | None:
        """Test all directions, half of the error for cells and half for cuts, or the cell `place` alone."""
        known = self.slot(start, period_s)
        n = int(cells.sum())
        if known is None or not n:
            return None
        learned = np.asarray(known.cells, dtype=np.int64)
        seen, expected = totals(cells, self.cuts), totals(learned, self.cuts)
        m = int(learned.sum())
        tests = self._tests() if place is None else np.where(np.arange(len(seen)) == place, 1.0, np.inf)
        z = signed_deviance(seen, n, expected, m)
        weight = np.asarray(self.weight)
        p = self._p_values(z, tests, (1.0 + known.apart) / weight * _reach(z, seen / n, expected, m))
        best = int(np.argmin(p))
        first, last = self._range(best)
        share, was = float(seen[best] / n), float(expected[best] / m)
        return Deviation(float(p[best]), first, last, was, share, max(1.0, self.scale[best]))

    def _tests(self) -> Floats:
        """Give the factor by which each direction's p-value grows, because there are others."""
        halves = 2.0 if self.cuts else 1.0
        return np.repeat([halves * self.cells, halves * len(self.cuts)], [self.cells, len(self.cuts)])

    def _p_values(self, z: Floats, tests: Floats, ratio: Floats) -> Floats:
        """Give the corrected p-value of the directions that tell most, and 1 for the others.

        Those are chosen by what p-values would be if the learned variation were known; leaving others out
        can only make the least p-value greater.
        """
        from scipy.special import log_ndtr

        scale, df = np.asarray(self.scale), np.asarray(self.df)
        effect = 1.0 + ratio * np.maximum(scale - 1.0, 0.0)
        telling = np.argsort(log_ndtr(-np.abs(z) / np.sqrt(effect)) + np.log(tests))[:_MOST_TELLING]
        found = np.ones(len(z))
        p = predicted_p(z[telling], scale[telling], df[telling], ratio[telling])
        found[telling] = np.minimum(p * tests[telling], 1.0)
        return found

    def _range(self, direction: int) -> tuple[int, int]:
        if direction < self.cells:
            return direction, direction + 1
        return FIRST_NUMBER, self.cuts[direction - self.cells]


def _reach(z: Floats, seen: Floats, hits: Floats, m: int) -> Floats:
    """Give z² over the square of the distance of shares, in units of what rows would vary.

    How far a share moves between windows is normal on the scale of shares, or of their logarithms (a mean
    that moves multiplies the shares of the tails): the distance is the smaller of the two.
    """
    share = (hits + 0.5) / (m + 1.0)
    spread = share * (1.0 - share)
    with np.errstate(divide="ignore"):
        odds = np.log(seen) - np.log1p(-seen) - np.log(share) + np.log1p(-share)
    distance = np.minimum(np.abs(seen - share), spread * np.abs(odds))
    reach: Floats = z**2 * spread / np.where(distance > 0.0, distance, np.inf) ** 2
    return reach
