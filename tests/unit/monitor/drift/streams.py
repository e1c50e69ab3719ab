"""Streams of windows whose variation is known: seasons, days that differ, a level that remembers itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from hythe.monitor.drift.learning import Sample

MONDAY = 1_767_571_200
HOUR_S, DAY_S = 3600, 86400
BORDERS = np.concatenate([[-4.0], ndtri(np.arange(1, 32) / 32), [4.0]])
CELLS = 2 + len(BORDERS) + 1
SUBJECT = "feature:x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A normal variable whose mean follows the hour and an autoregression; counted in 32 bins."""

    rows: int = 500
    season: float = 0.0
    tau: float = 0.0
    memory: float = 0.0
    period_s: int = HOUR_S

    def windows(self, n: int, rng: np.random.Generator, shift: float = 0.0) -> list[tuple[int, ...]]:
        """Draw `n` windows from Monday on."""
        steps = rng.normal(size=n) * np.sqrt(1.0 - self.memory**2)
        level = rng.normal()
        found = []
        for place in range(n):
            level = self.memory * level + steps[place]
            angle = 2.0 * np.pi * (place * self.period_s % DAY_S) / DAY_S
            mean = self.season * np.sin(angle) + self.tau * level + shift
            size = max(1, int(rng.poisson(self.rows * (1.0 + 0.5 * np.cos(angle)))))
            found.append(tuple(rng.multinomial(size, _shares(mean)).tolist()))
        return found

    def samples(self, windows: Sequence[tuple[int, ...]]) -> list[Sample]:
        """Date windows."""
        return [
            Sample(MONDAY + place * self.period_s, {SUBJECT: cells}) for place, cells in enumerate(windows)
        ]


def _shares(mean: float) -> NDArray[np.float64]:
    below = ndtr(BORDERS - mean)
    shares: NDArray[np.float64] = np.diff(np.concatenate([[0.0, 0.0, 0.0], below, [1.0]]))
    return shares
