"""What else decides on rollouts today: a z-test looked at again and again, and thresholds on the canary.

Each is fed the simulated rollouts block by block and remembers which of them it sent back, and which it
promoted. Flagger's numbers are those of its documentation for tests of a fixed share (docs/gitbook/usage/
deployment-strategies.md): a check each minute, promoted after 10 that passed, sent back after 2 that failed.
Argo Rollouts' are those of its own (docs/features/analysis.md): a measurement each 5 minutes, sent back when
more than 3 failed, else promoted at the end. A minute is 1,000 requests here. Both compare the canary's own
mean with a threshold that somebody set; here it is halfway between the champion's mean and the margin, which
nobody knows so well.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.evidence.sums import Arms, Sums
from validity.simulated import LOOKS, Look, added

Z = 1.6448536269514722
"""The 95th percentile of the normal distribution."""
_LEAST_UNITS = 30
_LOOKS_A_MINUTE = 10


class Rule(Protocol):
    """Decides on many rollouts at once; `back` and `on` say which it sent back, and which it promoted."""

    back: NDArray[np.bool_]
    on: NDArray[np.bool_]

    def see(self, look: int, seen: Look) -> None:
        """Take in one more block."""


class ZTest:
    """A two-sample z-test at 5%, made at every look, or only at the last one."""

    def __init__(self, sims: int, margin: float, *, once: bool) -> None:
        self.back, self.on = np.zeros(sims, dtype=bool), np.zeros(sims, dtype=bool)
        self._margin, self._once = margin, once
        self._arms: Arms | None = None

    def see(self, look: int, seen: Look) -> None:
        """Compare the arms' means so far."""
        self._arms = seen.block if self._arms is None else Arms(*map(added, self._arms, seen.block))
        if self._once and look < LOOKS - 1:
            return
        (mean_a, square_a), (mean_b, square_b) = (_mean(sums) for sums in self._arms)
        error = np.sqrt(square_a + square_b)
        enough = (error > 0.0) & (self._arms.b.n >= _LEAST_UNITS)
        error = np.where(enough, error, math.inf)
        self.back |= (mean_b - mean_a) / error > Z
        self.on |= (mean_b - mean_a - self._margin) / error < np.where(enough, -Z, -math.inf)


class Flagger:
    """A check of the canary's mean each minute: 2 that fail send it back, 10 that pass promote it."""

    def __init__(self, sims: int, threshold: Any) -> None:
        self.back, self.on = np.zeros(sims, dtype=bool), np.zeros(sims, dtype=bool)
        self._threshold = threshold
        self._failed, self._passed = np.zeros(sims), np.zeros(sims)
        self._window = Window(sims, _LOOKS_A_MINUTE)

    def see(self, look: int, seen: Look) -> None:
        """Check once a minute; without canary requests there is nothing to check."""
        if (mean := self._window.add(look, seen)) is None:
            return
        running = ~(self.back | self.on) & np.isfinite(mean)
        self._failed += running & (mean > self._threshold)
        self._passed += running & (mean <= self._threshold)
        self.back |= running & (self._failed >= 2)
        self.on |= running & ~self.back & (self._passed >= 10)


class Argo:
    """A measurement of the canary's mean each 5 minutes: more than 3 that fail send it back."""

    def __init__(self, sims: int, threshold: Any) -> None:
        self.back, self.on = np.zeros(sims, dtype=bool), np.zeros(sims, dtype=bool)
        self._threshold = threshold
        self._failed = np.zeros(sims)
        self._window = Window(sims, 5 * _LOOKS_A_MINUTE)

    def see(self, look: int, seen: Look) -> None:
        """Measure every 5 minutes; what was not sent back at the end is promoted."""
        if (mean := self._window.add(look, seen)) is None:
            return
        self._failed += np.isfinite(mean) & (mean > self._threshold)
        self.back |= self._failed > 3
        if look == LOOKS - 1:
            self.on = ~self.back


class Window:
    """The canary's mean over so many looks."""

    def __init__(self, sims: int, looks: int) -> None:
        self._looks = looks
        self._n, self._total = np.zeros(sims), np.zeros(sims)

    def add(self, look: int, seen: Look) -> Any:
        """Add a block; gives the means when the window is full, NaN where there was no request."""
        self._n += seen.block.b.n
        self._total += seen.block.b.total
        if (look + 1) % self._looks:
            return None
        mean = np.where(self._n > 0, self._total / np.maximum(self._n, 1.0), math.nan)
        self._n[:], self._total[:] = 0.0, 0.0
        return mean


def _mean(sums: Sums) -> tuple[Any, Any]:
    """Give the mean, and the square of its standard error."""
    n = np.maximum(sums.n, 1.0)
    mean = sums.total / n
    return mean, np.maximum(sums.squares / n - mean**2, 0.0) / n
