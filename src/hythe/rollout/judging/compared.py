"""Rates and means of two arms that are compared with each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import GuardData
from hythe.rollout.judging.judge import Estimates
from hythe.rollout.state import Basis
from hythe.statistics.evidence.contrast import Contrast, Side, apart, estimates, interval
from hythe.statistics.evidence.sums import Arms, Split

KNOWN, LIKELY, GUESSED = 0.99, 0.8, 0.4
"""How much is staked on the effect: one that the guard states, no difference at all, and a bad version's."""
_MOST = 0.95
"""A wider margin than this would be no hypothesis: values lie between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A rate or a mean, by units that the split sent to either arm.

    Where less is worse, the values are turned round, so that more is worse everywhere below.
    """

    guard: Guard
    data: GuardData
    basis: Basis

    def log_e_worse(self) -> Any:
        """Bet that the difference is beyond the tolerance; where either way is worse, half on each.

        A bet may also be won by how the units fell to the arms. That is right as often as it may be, but
        nobody wants to hear that no failure of 900 is worse than none of 100: without a difference to see,
        it does not count.
        """
        above = self._beyond("above").log_e(self._split)
        if self.guard.kind.worse:
            return np.where(apart(self._split) > 0.0, above, np.minimum(above, 0.0))
        return np.logaddexp(above, self._beyond("below").log_e(self._split)) - math.log(2.0)

    def log_e_fine(self, margin: float) -> Any:
        """Bet that the difference is inside the margin; where either way is worse, both bets must win."""
        below = self._inside("below", margin).log_e(self._split)
        if self.guard.kind.worse:
            return below
        return np.minimum(below, self._inside("above", margin).log_e(self._split))

    def estimates(self, alpha: float) -> Estimates:
        """Give both means, and the difference with its confidence sequence."""
        n_a = sum(int(arms.a.n) for arms in self.data.split.values())
        n_b = sum(int(arms.b.n) for arms in self.data.split.values())
        means = estimates(self._split)
        if means is None:
            return Estimates(n_a, n_b)
        low, high = interval(self._beyond("above"), self._split, alpha)
        width = self.guard.unscaled(1.0) - self.guard.unscaled(0.0)
        mean_a, mean_b = (self.guard.unscaled(self._turned(mean)) for mean in means)
        difference = (means[1] - means[0]) * width
        return Estimates(n_a, n_b, mean_a, mean_b, difference, low * width, high * width)

    def needed(self, margin: float, missing: float) -> int | None:
        """Expect the units of both arms, at the present share."""
        means = estimates(self._split)
        if not 0.0 < self.data.share < 1.0 or (means is not None and self._far(means, margin)):
            return None
        growth = self._inside("below", margin).growth(self.data.share)
        return max(0, math.ceil(missing / growth)) if growth > 0.0 else None

    @property
    def _split(self) -> Split:
        if self.guard.kind.worse >= 0:
            return self.data.split
        return {share: Arms(arms.a.flipped, arms.b.flipped) for share, arms in self.data.split.items()}

    def _turned(self, mean: float) -> float:
        return 1.0 - mean if self.guard.kind.worse < 0 else mean

    def _far(self, means: tuple[float, float], margin: float) -> bool:
        difference = means[1] - means[0]
        return (difference if self.guard.kind.worse else abs(difference)) >= margin

    def _beyond(self, side: Side) -> Contrast:
        """Against a difference of the tolerance at most, to that side."""
        tolerance = min(self.guard.tolerance_or_default, _MOST)
        wanted = self.guard.effect or self.guard.margin_or_default
        effect = wanted - tolerance if wanted > tolerance else wanted
        known = KNOWN if self.guard.effect else GUESSED
        return self._contrast(tolerance if side == "above" else -tolerance, side, effect, known)

    def _inside(self, side: Side, margin: float) -> Contrast:
        """Against a difference of the margin at least; a margin of 0 or less asks for an improvement."""
        margin = min(margin, _MOST)
        effect = margin if margin > 0.0 else self.guard.margin_or_default
        known = KNOWN if self.guard.effect else LIKELY
        return self._contrast(margin if side == "below" else -margin, side, effect, known)

    def _contrast(self, margin: float, side: Side, effect: float, known: float) -> Contrast:
        mean = self._turned(self.basis.mean)
        return Contrast(
            margin=margin, side=side, mean=mean, effect=effect, known=known, spread=self.basis.spread
        )
