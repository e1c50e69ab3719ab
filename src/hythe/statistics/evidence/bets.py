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


class Pays(NamedTuple):
    """What a unit of one arm pays for a stake of 1, by its value: `low` for 0, `high` for 1."""

    low: float
    high: float


class Bet(NamedTuple):
    """What is staked on each unit, and what it pays by arm and value.

    A unit that the split sends to arm b with probability `share` pays (v - centre) / share - margin there,
    and -(v - centre) / (1 - share) - margin in arm a. So it pays mean_b - mean_a - margin on average,
    whatever the means do over time (inverse propensity weights).
    """

    stake: float
    a: Pays
    b: Pays

    def line(self, pays: Pays) -> tuple[float, float]:
        """Give base and slope: a unit of value v multiplies the wealth by 1 + base + slope·v."""
        return self.stake * pays.low, self.stake * (pays.high - pays.low)


class Chance(NamedTuple):
    """One of the things that a unit may do: how likely it is, and what it pays for a stake of 1."""

    probability: float
    pay: float


@lru_cache(maxsize=4096)
def best_bet(share: float, margin: float, mean: float, difference: float, spread: float = 1.0) -> Bet:
    """Choose the stake that grows fastest if arm a's mean is `mean` and arm b's is `difference` more.

    The stake is positive where `difference` is beyond `margin`, else negative: a bet that it is below. It
    maximises the expected logarithm of the wealth (Kelly 1956; GRO of Grünwald, de Heide and Koolen 2024,
    section 3). The centre is the one with the least variance (Robins, Rotnitzky and Zhao 1994). `spread` is
    the variance of the values as a share of mean·(1 - mean), which values of 0 and 1 have.

    Raises:
        Invalid: when `share` is not between 0 and 1.

    """
    if not 0.0 < share < 1.0:
        raise Invalid(f"the share of the arm is {share}; a comparison needs one between 0 and 1")
    mean_a, mean_b = _inside(mean), _inside(mean + difference)
    centre = (1.0 - share) * mean_b + share * mean_a
    a = Pays(centre / (1.0 - share) - margin, -(1.0 - centre) / (1.0 - share) - margin)
    b = Pays(-centre / share - margin, (1.0 - centre) / share - margin)
    sign = 1.0 if difference > margin else -1.0
    fates = _fates(Bet(sign, a, b), share, (mean_a, mean_b), spread)
    return Bet(sign * _kelly([Chance(chance, sign * pay) for chance, pay in fates]), a, b)


def growth(bet: Bet, share: float, means: tuple[float, float], spread: float = 1.0) -> float:
    """Expect how much a unit adds to the logarithm of the wealth, at these means of arms a and b."""
    fates = _fates(bet, share, (_inside(means[0]), _inside(means[1])), spread)
    return sum(chance * math.log1p(bet.stake * pay) for chance, pay in fates)


def _inside(mean: float) -> float:
    return min(max(mean, 1e-9), 1.0 - 1e-9)


def _fates(bet: Bet, share: float, means: tuple[float, float], spread: float) -> list[Chance]:
    """List what a unit may do: in each arm the values have three places, as `log_wealth` counts them."""
    return [
        Chance(weight * probability, pays.low + (pays.high - pays.low) * place)
        for weight, pays, mean in ((1.0 - share, bet.a, means[0]), (share, bet.b, means[1]))
        for probability, place in _places(mean, spread)
    ]


def _places(mean: float, spread: float) -> list[tuple[float, float]]:
    """Give the chances of values at 0, at 1 and in one place between, and all three places.

    They have the first three moments of the beta distribution with this mean and spread.
    """
    if spread >= 1.0:
        return [(1.0 - mean, 0.0), (mean, 1.0)]
    precision = 1.0 / spread - 1.0
    second = mean * (mean * precision + 1.0) / (precision + 1.0)
    third = second * (mean * precision + 2.0) / (precision + 2.0)
    place = (second - third) / (mean - second)
    there = (mean - second) / (place * (1.0 - place))
    at_1 = mean - there * place
    return [(1.0 - there - at_1, 0.0), (there, place), (at_1, 1.0)]


def _kelly(fates: Sequence[Chance]) -> float:
    """Find where the expected gain's derivative, which falls, is 0: by Newton's steps, kept in a bracket."""
    low, high = 0.0, _MOST / -min(pay for _, pay in fates)
    at = low
    for _ in range(_STEPS):
        gains = [(chance * pay / (1.0 + at * pay), pay / (1.0 + at * pay)) for chance, pay in fates]
        slope = sum([gain for gain, _ in gains])
        low, high = (at, high) if slope > 0.0 else (low, at)
        step = slope / sum([gain * each for gain, each in gains])
        if abs(step) <= _CLOSE * high:
            break
        at = at + step if low < at + step < high else (low + high) / 2.0
    return at
