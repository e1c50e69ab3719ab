"""What evidence is worked out from: sums of values by arm, and by the share of the traffic that it had."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = float | NDArray[np.float64]
"""A number, or as many as there are simulated rollouts."""


class Sums(NamedTuple):
    """Of one arm: how many units, the sum of their values (each from 0 to 1), of the squares, of the cubes.

    Cubes that were not counted are NaN; with them, sums of values other than 0 and 1 tell more.
    """

    n: Number
    total: Number
    squares: Number
    cubes: Number = math.nan

    @classmethod
    def hits(cls, n: Number, hits: Number) -> Sums:
        """Give the sums of values that are 0 or 1."""
        return cls(n, hits, hits, hits)

    @classmethod
    def of(cls, values: Iterable[float]) -> Sums:
        """Add up values.

        >>> Sums.of([0.5, 0.5, 1.0])
        Sums(n=3.0, total=2.0, squares=1.5, cubes=1.25)
        """
        v = np.fromiter(values, dtype=np.float64)
        return cls(float(v.size), float(v.sum()), float((v**2).sum()), float((v**3).sum()))

    def at(self, place: int) -> Sums:
        """Give the sums of one of many simulated rollouts."""
        return Sums(*(float(np.broadcast_to(part, np.shape(self.n))[place]) for part in self))

    @property
    def flipped(self) -> Sums:
        """The sums of 1 - value."""
        total = self.n - self.total
        if self.squares is self.total:
            return Sums.hits(self.n, total)
        squares = self.n - 2.0 * self.total + self.squares
        return Sums(self.n, total, squares, self.n - 3.0 * self.total + 3.0 * self.squares - self.cubes)


class Arms(NamedTuple):
    """The sums of both arms while arm b had one share of their traffic."""

    a: Sums
    b: Sums


Split: TypeAlias = Mapping[float, Arms]
"""Arm b's share of both arms' traffic (0 to 1) to what was seen at that share."""
