"""What evidence is worked out from: sums of values by arm, and by the share of the traffic that it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = float | NDArray[np.float64]
"""A number, or as many as there are simulated rollouts."""


class Sums(NamedTuple):
    """Of one arm: how many units, the sum of their values (each from 0 to 1), and of the squares."""

    n: Number
    total: Number
    squares: Number

    @classmethod
    def hits(cls, n: Number, hits: Number) -> Sums:
        """Give the sums of values that are 0 or 1."""
        return cls(n, hits, hits)

    @property
    def flipped(self) -> Sums:
        """The sums of 1 - value."""
        total = self.n - self.total
        if self.squares is self.total:
            return Sums(self.n, total, total)
        return Sums(self.n, total, self.n - 2.0 * self.total + self.squares)


class Arms(NamedTuple):
    """The sums of both arms while arm b had one share of their traffic."""

    a: Sums
    b: Sums


Split: TypeAlias = Mapping[float, Arms]
"""Arm b's share of both arms' traffic (0 to 1) to what was seen at that share."""
