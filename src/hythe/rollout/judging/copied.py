"""What a shadow does with copies of requests, against a level: there is no other arm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import GuardData
from hythe.rollout.judging.judge import Estimates
from hythe.rollout.state import Basis
from hythe.statistics.evidence.contrast import Side
from hythe.statistics.evidence.mean import log_e_mean, mean_interval
from hythe.statistics.evidence.rate import log_e_one_sided, rate_interval
from hythe.statistics.evidence.sums import Sums

_LEAST = 1e-6
_MOST_TIMES = 1e6


@dataclass(frozen=True, slots=True)
class Copied:
    """The mean of values from 0 to 1 over the copies that a shadow got."""

    guard: Guard
    data: GuardData
    basis: Basis

    def log_e_worse(self) -> Any:
        """Bet that the mean is above the tolerance."""
        return self._log_e(self._copies, self.guard.tolerance_or_default, "above")

    def log_e_fine(self, margin: float) -> Any:
        """Bet that the mean is below the margin."""
        return self._log_e(self._copies, margin, "below")

    def estimates(self, alpha: float) -> Estimates:
        """Give the mean, which is the difference as well, with its confidence sequence."""
        copies, n = self._copies, int(self._copies.n)
        if not n:
            return Estimates()
        mean = float(copies.total) / n
        low, high = self._interval(copies, alpha)
        return Estimates(0, n, None, mean, mean, low, high)

    def needed(self, margin: float, missing: float) -> int | None:
        """Expect the copies, if those to come are like those that came."""
        copies, n = self._copies, float(self._copies.n)
        if not n or float(copies.total) / n >= margin:
            return None
        bar = missing + float(self._log_e(copies, margin, "below"))
        few, many = 1.0, 2.0
        while float(self._log_e(_times(copies, many), margin, "below")) < bar:
            few, many = many, 2.0 * many
            if many > _MOST_TIMES:
                return None
        while (many - few) * n > 1.0:
            middle = (few + many) / 2.0
            reached = float(self._log_e(_times(copies, middle), margin, "below")) >= bar
            few, many = (few, middle) if reached else (middle, many)
        return math.ceil((many - 1.0) * n)

    @property
    def _copies(self) -> Sums:
        return Sums(0.0, 0.0, 0.0) if self.data.copies is None else self.data.copies

    def _log_e(self, copies: Sums, level: float, side: Side) -> Any:
        level = min(max(level, _LEAST), 1.0 - _LEAST)
        if self.guard.kind.scale == "binary":
            return log_e_one_sided(copies.total, copies.n, level, side)
        return log_e_mean(copies, level, side)

    def _interval(self, copies: Sums, alpha: float) -> tuple[float, float]:
        if self.guard.kind.scale == "binary":
            return rate_interval(int(copies.total), int(copies.n), alpha)
        return mean_interval(copies, alpha)


def _times(sums: Sums, factor: float) -> Sums:
    return Sums(*(factor * part for part in sums))
