"""Whether one arm's mean is above, or below, the other's by more than a margin.

Every unit bets on the difference; the split itself makes the bet fair, so bursts that hit both arms,
means that move and latencies that hang together do no harm. All that the evidence needs are sums by share
of the traffic: it can be worked out anew at any time, in any order, from windows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.special import logsumexp

from hythe.base.errors import Invalid
from hythe.statistics.evidence.bets import best_bet, growth
from hythe.statistics.evidence.sums import Arms, Number, Split, Sums
from hythe.statistics.evidence.wealth import log_wealth

__all__ = ["Arms", "Contrast", "Number", "Side", "Split", "Sums", "estimates", "interval"]

Side: TypeAlias = Literal["above", "below"]
_SHADE: dict[Side, float] = {"above": 0.85, "below": 1.0}
"""The effect is bet on as if it were this much of itself. A bet on a rise wins rarely and much; with a stake
below the one that grows fastest, fewer rollouts take long, and the 80th percentile is the same or lower."""
_OTHERS = {0.25: 0.125, 0.5: 0.375, 2.0: 0.375, 4.0: 0.125}
"""Effects besides, as multiples, and how what is left of the first stake is spread over them."""
_WIDEST = 2.0
_PRECISION = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Evidence against "mean_b - mean_a is at most `margin`" (`above`), or at least `margin` (`below`).

    `mean` is what arm a's is expected to be, `spread` the variance expected, as a share of mean·(1 - mean),
    and `effect` the distance from the margin that is worth finding. All were chosen before the data and cost
    only time when they are wrong. `known` is the weight of that effect beside others from a quarter to four
    times it.

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
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not -1.0 < self.margin < 1.0:
            raise Invalid(
                f"the margin is {self.margin}; values lie between 0 and 1, so give one between -1 and 1"
            )
        if not 0.0 < self.effect <= _WIDEST:
            raise Invalid(f"the effect is {self.effect}; give the difference worth finding, more than 0")
        if not 0.0 <= self.mean <= 1.0 or not 0.0 < self.known <= 1.0:
            raise Invalid(f"mean and known are {self.mean} and {self.known}; give shares between 0 and 1")
        if not 0.0 < self.spread <= 1.0:
            raise Invalid(f"the spread is {self.spread}; give a share of the variance, up to 1")

    def log_e(self, split: Split) -> Any:
        """Give the logarithm of the e-value; 0 without data. Scalars in, a scalar out; arrays likewise."""
        logs = [math.log(weight) + self._log_wealth(split, effect) for effect, weight in self._mixture()]
        return logsumexp(np.stack(np.broadcast_arrays(*logs)), axis=0)

    def e(self, split: Split) -> float:
        """Give the e-value: how many times the first stake there is now."""
        return math.exp(min(float(self.log_e(split)), 700.0))

    def growth(self, share: float) -> float:
        """Expect how much one unit adds to the logarithm, if the effect is what is looked for."""
        difference = self._difference(self.effect)
        bet = best_bet(share, self.margin, self.mean, difference, self.spread)
        return growth(bet, share, (self.mean, self.mean + difference), self.spread)

    def needed(self, split: Split, share: float, alpha: float) -> int:
        """Expect how many more units of both arms it takes to reach 1/`alpha`; 0 when it is reached."""
        missing = -math.log(alpha) - float(self.log_e(split))
        return max(0, math.ceil(missing / self.growth(share)))

    def _mixture(self) -> list[tuple[float, float]]:
        """Give the effects that are bet on, and how much of the first stake each gets."""
        effect, left = _SHADE[self.side] * self.effect, 1.0 - self.known
        others = [(times * effect, part * left) for times, part in _OTHERS.items() if left > 0.0]
        return [(effect, self.known), *others]

    def _difference(self, effect: float) -> float:
        return self.margin + effect if self.side == "above" else self.margin - effect

    def _log_wealth(self, split: Split, effect: float) -> Number:
        total: Number = 0.0
        for share, arms in split.items():
            bet = best_bet(share, self.margin, self.mean, self._difference(effect), self.spread)
            total = total + log_wealth(*bet.line(bet.a), arms.a) + log_wealth(*bet.line(bet.b), arms.b)
        return total


def interval(contrast: Contrast, split: Split, alpha: float) -> tuple[float, float]:
    """Give the confidence sequence of mean_b - mean_a at level 1 - `alpha`: all margins not excluded yet.

    At any time, however often one looks, the true difference is inside with probability 1 - `alpha`.
    """
    bar = math.log(2.0 / alpha)
    mean_a, mean_b = estimates(split) or (0.0, 0.0)
    low = _edge(replace(contrast, side="above"), split, bar, -1.0, mean_b - mean_a)
    return low, _edge(replace(contrast, side="below"), split, bar, 1.0, mean_b - mean_a)


def estimates(split: Split) -> tuple[float, float] | None:
    """Give the means of arms a and b, each share's weighted by how much it tells; None without both."""
    means, weights = [], []
    for share, (a, b) in split.items():
        if a.n and b.n:
            means.append((float(a.total) / float(a.n), float(b.total) / float(b.n)))
            weights.append(share * (1.0 - share) * (float(a.n) + float(b.n)))
    if not means:
        return None
    mean_a, mean_b = np.average(means, axis=0, weights=weights)
    return float(mean_a), float(mean_b)


def apart(split: Split) -> Any:
    """Say how far arm b's mean is above arm a's, each share's weighted as in `estimates`; 0 without both.

    Scalars in, a scalar out; arrays likewise.
    """
    above = below = np.zeros(())
    for share, (a, b) in split.items():
        both = np.logical_and(np.asarray(a.n) > 0, np.asarray(b.n) > 0)
        weight = share * (1.0 - share) * (a.n + b.n) * both
        above = above + weight * (b.total / np.maximum(b.n, 1.0) - a.total / np.maximum(a.n, 1.0))
        below = below + weight
    return above / np.where(below > 0.0, below, 1.0)


def _edge(contrast: Contrast, split: Split, bar: float, far: float, near: float) -> float:
    """Find the margin farthest from the estimate that is not excluded: evidence grows with the distance."""
    from scipy.optimize import brentq

    def missing(margin: float) -> float:
        return bar - float(replace(contrast, margin=margin).log_e(split))

    outside, inmost = math.nextafter(far, 0.0), math.nextafter(1.0, 0.0)
    near = min(max(near, -inmost), inmost)
    if missing(outside) > 0.0:
        return far
    if missing(near) <= 0.0:
        return near
    edge = float(brentq(missing, outside, near, xtol=_PRECISION * abs(far - near), rtol=1e-6))
    # Rounded outwards: what is given as excluded has been.
    return max(far, edge - _PRECISION) if far < near else min(far, edge + _PRECISION)
