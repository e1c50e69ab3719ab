"""Whether one arm's mean is above, or below, the other's by more than a margin.

Every request bets on the difference; the split itself makes the bet fair, so bursts that hit both arms,
means that move and latencies that hang together do no harm. All that the evidence needs are sums by share
of the traffic: it can be worked out anew at any time, in any order, from windows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from hythe.base.errors import Invalid
from hythe.statistics.evidence.bets import Payoffs, growth, stake

Number: TypeAlias = float | NDArray[np.float64]
"""A number, or as many as there are simulated rollouts."""
Side: TypeAlias = Literal["above", "below"]
_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_HALVINGS = 30
_WIDEST = 2.0
_TINY = 1e-6
"""Below this loss the bound's curve is that of its limit, which it cannot be told from."""


class Sums(NamedTuple):
    """Of one arm: how many units, the sum of their values (each from 0 to 1), and of the squares."""

    n: Number
    total: Number
    squares: Number

    @classmethod
    def hits(cls, n: Number, hits: Number) -> Sums:
        """Give the sums of values that are 0 or 1."""
        return cls(n, hits, hits)


class Arms(NamedTuple):
    """The sums of both arms while arm b had one share of their traffic."""

    a: Sums
    b: Sums


Split: TypeAlias = Mapping[float, Arms]
"""Arm b's share of both arms' traffic (0 to 1) to what was seen at that share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Evidence against "mean_b - mean_a is at most `margin`" (`above`), or at least `margin` (`below`).

    `mean` is what arm a's is expected to be, and `effect` the distance from the margin that is worth
    finding; both were chosen before the data and cost only time when they are wrong. `known` is the weight
    of that effect beside others from an eighth to four times it; `binary` values are 0 or 1.

    An e-process: under the hypothesis it reaches 1/alpha with probability alpha at most, however often one
    looks (Ville 1939). Source: Waudby-Smith and Ramdas 2024, section 4 (betting on bounded means), with
    payoffs weighted by inverse propensity (Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2024,
    section 2).

    >>> worse = Contrast(margin=0.0, side="above", mean=0.02, effect=0.02)
    >>> split = {0.1: Arms(Sums.hits(9000, 180), Sums.hits(1000, 45))}
    >>> worse.e(split) > 20
    True
    """

    margin: float
    side: Side
    mean: float
    effect: float
    known: float = 0.5
    binary: bool = True

    def __post_init__(self) -> None:
        if not -1.0 < self.margin < 1.0:
            raise Invalid(
                f"the margin is {self.margin}; values lie between 0 and 1, so give one between -1 and 1"
            )
        if not 0.0 < self.effect <= _WIDEST:
            raise Invalid(f"the effect is {self.effect}; give the difference worth finding, more than 0")
        if not 0.0 <= self.mean <= 1.0 or not 0.0 < self.known <= 1.0:
            raise Invalid(f"mean and known are {self.mean} and {self.known}; give shares between 0 and 1")

    def log_e(self, split: Split) -> Any:
        """Give the logarithm of the e-value; 0 without data. Scalars in, a scalar out; arrays likewise."""
        logs = [math.log(weight) + self._log_wealth(split, effect) for effect, weight in self._mixture()]
        return logsumexp(np.stack(np.broadcast_arrays(*logs)), axis=0)

    def e(self, split: Split) -> float:
        """Give the e-value: how many times the first stake there is now."""
        return math.exp(min(float(self.log_e(split)), 700.0))

    def growth(self, share: float) -> float:
        """Expect how much one request adds to the logarithm, if the effect is what is looked for."""
        payoffs = stake(share, self.margin, self.mean, self._difference(self.effect))
        mean_b = min(max(self.mean + self._difference(self.effect), 0.0), 1.0)
        return growth(payoffs, share, self.mean, mean_b)

    def needed(self, split: Split, share: float, alpha: float) -> int:
        """Expect how many more requests of both arms it takes to reach 1/`alpha`; 0 when it is reached."""
        missing = -math.log(alpha) - float(self.log_e(split))
        return max(0, math.ceil(missing / self.growth(share)))

    def _mixture(self) -> list[tuple[float, float]]:
        """Give the effects that are bet on, and how much of the first stake each gets."""
        if self.known >= 1.0:
            return [(self.effect, 1.0)]
        rest = (1.0 - self.known) / (len(_FACTORS) - 1)
        return [(factor * self.effect, self.known if factor == 1.0 else rest) for factor in _FACTORS]

    def _difference(self, effect: float) -> float:
        return self.margin + effect if self.side == "above" else self.margin - effect

    def _log_wealth(self, split: Split, effect: float) -> Number:
        total: Number = 0.0
        for share, arms in split.items():
            payoffs = stake(share, self.margin, self.mean, self._difference(effect))
            total = total + (_binary(payoffs, arms) if self.binary else _bounded(payoffs, arms))
        return total


def interval(contrast: Contrast, split: Split, alpha: float) -> tuple[float, float]:
    """Give the confidence sequence of mean_b - mean_a at level 1 - `alpha`: all margins not excluded yet.

    At any time, however often one looks, the true difference is inside with probability 1 - `alpha`.
    """
    bar = math.log(2.0 / alpha)
    middle = _estimate(split)
    return _edge(contrast, split, "above", bar, -1.0, middle), _edge(
        contrast, split, "below", bar, 1.0, middle
    )


def _edge(contrast: Contrast, split: Split, side: Side, bar: float, far: float, near: float) -> float:
    """Find the margin farthest from the estimate that is not excluded: evidence grows with the distance."""

    def excluded(margin: float) -> bool:
        return float(replace(contrast, margin=margin, side=side).log_e(split)) >= bar

    outside, inside = math.nextafter(far, 0.0), near
    if not excluded(outside):
        return far
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2.0
        outside, inside = (middle, inside) if excluded(middle) else (outside, middle)
    return outside


def _estimate(split: Split) -> float:
    """Weight each share's difference by how much it tells."""
    above = below = 0.0
    for share, (a, b) in split.items():
        if a.n and b.n:
            weight = share * (1.0 - share) * (float(a.n) + float(b.n))
            above += weight * (float(b.total) / float(b.n) - float(a.total) / float(a.n))
            below += weight
    return above / below if below else 0.0


def _binary(payoffs: Payoffs, arms: Arms) -> Number:
    """Add up the exact logarithms: there are four."""
    a0, a1 = [math.log1p(payoffs.stake * pay) for pay in payoffs.a]
    b0, b1 = [math.log1p(payoffs.stake * pay) for pay in payoffs.b]
    a, b = arms
    return a0 * (a.n - a.total) + a1 * a.total + b0 * (b.n - b.total) + b1 * b.total


def _bounded(payoffs: Payoffs, arms: Arms) -> Number:
    """Bound the sum of log(1 + u) from below by Σu and Σu² (Fan, Grama and Liu 2015, equation 4.11)."""
    worst = payoffs.worst
    curve = -0.5 if worst < _TINY else (math.log1p(-worst) + worst) / worst**2
    total: Number = 0.0
    for sums, (low, high) in ((arms.a, payoffs.a), (arms.b, payoffs.b)):
        base, slope = payoffs.stake * low, payoffs.stake * (high - low)
        first = base * sums.n + slope * sums.total
        second = base**2 * sums.n + 2 * base * slope * sums.total + slope**2 * sums.squares
        total = total + first + curve * second
    return total
