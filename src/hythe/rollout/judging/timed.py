"""Latencies: a quantile of one arm's durations against the other's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.judging.compared import GUESSED, KNOWN, LIKELY
from hythe.rollout.judging.judge import Estimates
from hythe.rollout.state import Basis
from hythe.statistics.evidence.contrast import Contrast, Side, estimates

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Timed:
    """Durations of both arms, told apart by how many are beyond a bound that was fixed beforehand.

    The candidate is slower by s buckets or more if it is beyond the bound s buckets further as often as the
    champion is beyond the bound itself. So a question on a quantile is one on two rates, exact at any shape
    of the durations, as the confidence sequences of Howard and Ramdas 2022 are.
    """

    guard: Guard
    data: GuardData
    basis: Basis

    def log_e_worse(self) -> Any:
        """Bet that more of the candidate's than of the champion's take longer than the bound."""
        further = self._steps(self.guard.tolerance_or_default, math.ceil)
        slower = self._steps(self.guard.effect or self.guard.margin_or_default, math.floor)
        return self._log_e(further, "above", self._rise(max(1, slower - further)))

    def log_e_fine(self, margin: float) -> Any:
        """Bet that fewer of the candidate's take longer than the bound with the margin on top."""
        further = self._steps(margin, math.floor)
        own = self._steps(self.guard.margin_or_default, math.floor)
        return self._log_e(further, "below", self._fall(further if further > 0 else own))

    def estimates(self, alpha: float) -> Estimates:
        """Give both quantiles in seconds, and how much longer the candidate's is, as a share."""
        champion, candidate = (merged([pair[arm] for pair in self.data.durations.values()]) for arm in (0, 1))
        found = Estimates(int(champion.n), int(candidate.n))
        q, bounds = self.guard.kind.q, self.data.bounds
        a_s, b_s = quantile(champion, q, bounds), quantile(candidate, q, bounds)
        if a_s is None or b_s is None:
            return found._replace(champion=a_s, candidate=b_s)
        low, high = self._interval(alpha)
        return found._replace(champion=a_s, candidate=b_s, difference=b_s / a_s - 1.0, low=low, high=high)

    def needed(self, margin: float, missing: float) -> int | None:
        """Expect the units of both arms, at the present share."""
        if not 0.0 < self.data.share < 1.0:
            return None
        further = self._steps(margin, math.floor)
        means = estimates(self.data.exceedances(self.basis.bound, self.basis.bound + further))
        if means is not None and means[1] > means[0]:
            return None
        contrast = self._contrast("below", self._fall(max(1, further)))
        growth = contrast.growth(self.data.share)
        return max(0, math.ceil(missing / growth)) if growth > 0.0 else None

    def _log_e(self, further: int, side: Side, effect: float) -> Any:
        split = self.data.exceedances(self.basis.bound, self.basis.bound + further)
        return self._contrast(side, effect).log_e(split)

    def _contrast(self, side: Side, effect: float) -> Contrast:
        known = KNOWN if self.guard.effect else LIKELY if side == "below" else GUESSED
        mean = min(max(self.basis.mean, _LEAST), 1.0 - _LEAST)
        return Contrast(margin=0.0, side=side, mean=mean, effect=max(effect, _LEAST), known=known)

    def _steps(self, relative: float, to_whole: Callable[[float], int]) -> int:
        """Give a relative difference in whole buckets."""
        if len(self.data.bounds) <= 1:
            return 0
        factor = self.data.bounds[1] / self.data.bounds[0]
        return to_whole(round(math.log1p(relative) / math.log(factor), 9))

    def _rise(self, steps: int) -> float:
        """Expect by how much more of the durations are beyond the bound when all are longer."""
        mean = self.basis.mean
        return min(mean * (self.basis.decay**-steps - 1.0), 0.9 * (1.0 - mean))

    def _fall(self, steps: int) -> float:
        """Expect by how much fewer of the durations are beyond a bound further out."""
        return float(self.basis.mean * (1.0 - self.basis.decay**steps))

    def _interval(self, alpha: float) -> tuple[float, float | None]:
        """Invert the test over whole buckets: the same bets throughout, so that evidence is monotone."""
        bar, effect, at = math.log(2.0 / alpha), self.basis.mean * 0.5, self.basis.bound
        ends = range(-at - 1, len(self.data.bounds) - at + 1)
        slower = _first(ends, lambda further: float(self._log_e(further, "above", effect)) < bar)
        faster = _first(ends, lambda further: float(self._log_e(further, "below", effect)) >= bar)
        factor = self.data.bounds[1] / self.data.bounds[0]
        low = -1.0 if slower == ends.start else factor ** (slower - 1) - 1.0
        return low, None if faster == ends.stop else factor**faster - 1.0


def merged(parts: list[Durations]) -> Durations:
    """Add up durations."""
    buckets: dict[int, float] = {}
    for part in parts:
        for place, count in part.buckets.items():
            buckets[place] = buckets.get(place, 0.0) + float(count)
    return Durations(sum(float(part.n) for part in parts), dict(sorted(buckets.items())))


def quantile(durations: Durations, q: float, bounds: Any) -> float | None:
    """Estimate a quantile in seconds; inside its bucket, the logarithm of a duration is even.

    None of nothing.
    """
    left = q * float(sum(durations.buckets.values()))
    for place, count in durations.buckets.items():
        if 0.0 < left <= count:
            upper = bounds[min(place, len(bounds) - 1)]
            lower = bounds[max(place, 1) - 1] if place < len(bounds) else upper
            return float(lower * (upper / lower) ** (left / float(count)))
        left -= float(count)
    return None


def _first(places: range, holds: Callable[[int], bool]) -> int:
    """Find the first place from which on it holds, by halving; the end of all where it never does."""
    low, high = places.start, places.stop
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
