"""How much to stake on one of two arms of a randomised split being better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from hythe.base.errors import Invalid

_STEPS = 60
_CLOSE = 1e-9
_MOST = 0.999
"""The share of everything that may be staked; with all of it, one bad draw would end the game."""


class Payoffs(NamedTuple):
    """What one request pays for a stake of 1, by arm and outcome 0 or 1, and what is staked.

    A request that the split sends to arm b with probability `share` pays (y - centre) / share - margin
    there, and -(y - centre) / (1 - share) - margin in arm a. So it pays mean_b - mean_a - margin on average,
    whatever the means do over time.
    """

    stake: float
    centre: float
    a: tuple[float, float]
    b: tuple[float, float]

    @classmethod
    def of(cls, stake: float, share: float, margin: float, centre: float) -> Payoffs:
        """Work out the payoffs of outcomes 0 and 1."""
        a = (centre / (1.0 - share) - margin, -(1.0 - centre) / (1.0 - share) - margin)
        b = (-centre / share - margin, (1.0 - centre) / share - margin)
        return cls(stake, centre, a, b)

    @property
    def worst(self) -> float:
        """The most that a request can lose of what there is, as a share of it: below 1."""
        return max(0.0, -self.stake * min((*self.a, *self.b), key=lambda pay: self.stake * pay))


@lru_cache(maxsize=4096)
def stake(share: float, margin: float, mean: float, difference: float) -> Payoffs:
    """Choose the stake that grows fastest if arm a's mean is `mean` and arm b's is `difference` more.

    The stake is positive where `difference` is beyond `margin`, else negative: a bet that it is below. It
    maximises the expected logarithm of the wealth (Kelly 1956; GRO of Grünwald, de Heide and Koolen 2024,
    section 3) for outcomes of 0 and 1. The centre is the one with the least variance (Robins, Rotnitzky and
    Zhao 1994).

    Raises:
        Invalid: when `share` is not between 0 and 1.

    """
    if not 0.0 < share < 1.0:
        raise Invalid(f"the share of the arm is {share}; a comparison needs one between 0 and 1")
    p_a = min(max(mean, 1e-9), 1.0 - 1e-9)
    p_b = min(max(p_a + difference, 1e-9), 1.0 - 1e-9)
    centre = (1.0 - share) * p_b + share * p_a
    bare = Payoffs.of(0.0, share, margin, centre)
    sign = 1.0 if difference > margin else -1.0
    pays = [sign * pay for pay in (*bare.a, *bare.b)]
    return Payoffs.of(sign * _kelly(_chances(share, p_a, p_b), pays), share, margin, centre)


def growth(payoffs: Payoffs, share: float, p_a: float, p_b: float) -> float:
    """Expect the growth of the logarithm of the wealth with one request, for outcomes of 0 and 1."""
    pays = (*payoffs.a, *payoffs.b)
    return sum(
        chance * math.log1p(payoffs.stake * pay)
        for chance, pay in zip(_chances(share, p_a, p_b), pays, strict=True)
    )


def _chances(share: float, p_a: float, p_b: float) -> tuple[float, float, float, float]:
    """Give the chances of outcomes 0 and 1 in arm a, then in arm b."""
    return (1.0 - share) * (1.0 - p_a), (1.0 - share) * p_a, share * (1.0 - p_b), share * p_b


def _kelly(chances: Sequence[float], pays: Sequence[float]) -> float:
    """Find where the expected gain's derivative, which falls, is 0: by Newton's steps, kept in a bracket."""
    paired = list(zip(chances, pays, strict=True))
    low, high = 0.0, _MOST / -min(pays)
    at = low
    for _ in range(_STEPS):
        shares = [(chance * pay / (1.0 + at * pay), pay / (1.0 + at * pay)) for chance, pay in paired]
        slope = sum([gain for gain, _ in shares])
        low, high = (at, high) if slope > 0.0 else (low, at)
        step = slope / sum([gain * each for gain, each in shares])
        if abs(step) <= _CLOSE * high:
            break
        at = at + step if low < at + step < high else (low + high) / 2.0
    return at
