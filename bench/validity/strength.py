"""How much data a verdict takes, beside the fixed-sample test that knows the difference beforehand.

The fixed-sample test is a one-sided score test at 5% that finds the difference in 80% of the cases: it
needs (z95·s0 + z80·s1)² / difference² requests of both arms, and is looked at once. s1² is
variance_a / (1 - share) + variance_b / share of the truth, s0² that of the hypothesis nearest to it
(Farrington and Manning 1990). A rollout is looked at all the time, and may end sooner or later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr
from scipy.stats import binom, norm

from hythe.rollout.evaluate import judge
from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.state import Basis
from hythe.statistics.evidence.sums import Arms, Sums
from validity.judged import ALPHA
from validity.rows import MARGINS
from validity.simulated import ATOMS, BOUND, BOUNDS, FURTHER, SPREAD, added

POWER = 0.8
_MOST = 8
_FEWEST_HITS = 5
_LEAST_MEAN = 0.01
"""Means of scores below this are no case of practice."""


class Race(NamedTuple):
    """One guard against the fixed-sample test: the means of both arms, and which verdict is looked for."""

    what: str
    effect: str
    guard: Guard
    basis: Basis
    mean_a: float
    mean_b: float
    share: float
    verdict: str

    @property
    def spread(self) -> float:
        """The variance of the values, as a share of mean·(1 - mean)."""
        return self.basis.spread

    @property
    def difference(self) -> float:
        """How far the truth is from the hypothesis that is to fall."""
        distance = self.mean_b - self.mean_a
        if self.guard.kind.scale == "quantile":
            return abs(distance)
        return distance if self.verdict == "worse" else self.guard.margin_or_default - distance

    @property
    def fixed(self) -> float:
        """How many requests of both arms the fixed-sample test needs."""
        truth = self._deviation(self.mean_a, self.mean_b)
        nearest = self._deviation(*self._nearest())
        needed = norm.isf(ALPHA) * nearest + norm.ppf(POWER) * truth
        return float((needed / self.difference) ** 2)

    def _deviation(self, mean_a: float, mean_b: float) -> float:
        variances = mean_a * (1.0 - mean_a) / (1.0 - self.share) + mean_b * (1.0 - mean_b) / self.share
        return math.sqrt(self.spread * variances)

    def _nearest(self) -> tuple[float, float]:
        """Give the means of the hypothesis that are hardest to tell from the truth."""
        apart = 0.0
        if self.verdict == "fine" and self.guard.kind.scale != "quantile":
            apart = self.guard.margin_or_default

        def told(mean: float) -> float:
            pairs = ((1.0 - self.share, self.mean_a, mean), (self.share, self.mean_b, mean + apart))
            return float(sum(part * (rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q)) for part, p, q in pairs))

        found = minimize_scalar(
            told, bounds=(1e-9, 1.0 - apart - 1e-9), method="bounded", options={"xatol": 1e-9}
        )
        return float(found.x), float(found.x) + apart

    @property
    def few(self) -> bool:
        """Whether an arm expects so few hits in the fixed sample that its test does not hold its level."""
        hits = min((1.0 - self.share) * self.mean_a, self.share * min(self.mean_a, self.mean_b)) * self.fixed
        return hits < _FEWEST_HITS


def race(
    rng: np.random.Generator, given: Race, sims: int, looks: int, alpha: float = ALPHA
) -> NDArray[np.float64]:
    """Give each simulated rollout's sample size, relative to the fixed-sample test's.

    There are so many `looks` in the time of that sample. It is infinite where even `_MOST` times that sample
    did not do. Rollouts that have ended are dropped.
    """
    block = max(1, math.ceil(given.fixed / looks))
    taken, running = np.full(sims, math.inf), np.arange(sims)
    arms = Arms(*(_drawn(rng, np.zeros(sims, dtype=np.int64), mean, given.spread) for mean in (0.5, 0.5)))
    for look in range(1, _MOST * looks + 1):
        n_b = rng.binomial(block, given.share, running.size)
        arms = Arms(
            added(arms.a, _drawn(rng, block - n_b, given.mean_a, given.spread)),
            added(arms.b, _drawn(rng, n_b, given.mean_b, given.spread)),
        )
        ended = _evidence(given, arms) >= -math.log(alpha)
        taken[running[ended]] = look * block / given.fixed
        if ended.any():
            running, arms = running[~ended], Arms(*(_only(sums, ~ended) for sums in arms))
        if not running.size:
            break
    return taken


def percentiles(taken: NDArray[np.float64]) -> tuple[float, float]:
    """Give median and 80th percentile; those that took too long count as the most that was simulated."""
    capped = np.minimum(taken, _MOST)
    return float(np.median(capped)), float(np.quantile(capped, POWER))


def _evidence(given: Race, arms: Arms) -> Any:
    found = judge(given.guard, _guard_data(given, arms), given.basis)
    if given.verdict == "worse":
        return found.log_e_worse()
    return found.log_e_fine(given.guard.margin_or_default)


def _only(sums: Sums, chosen: NDArray[np.bool_]) -> Sums:
    n, total, squares, cubes = (np.asarray(part)[chosen] for part in sums)
    return Sums.hits(n, total) if sums.squares is sums.total else Sums(n, total, squares, cubes)


def _guard_data(given: Race, arms: Arms) -> GuardData:
    """Put the sums where the guard looks for them: of a latency they are exceedances."""
    if given.guard.kind.scale != "quantile":
        return GuardData(split={given.share: arms}, share=given.share)
    # For "worse" both arms are told apart at the bound; for "fine" the candidate's is the margin further.
    place_b = BOUND + 1 if given.verdict == "worse" else FURTHER + 1
    pair = tuple(
        Durations(sums.n, {BOUND: sums.n - sums.total, place: sums.total})
        for sums, place in zip(arms, (BOUND + 1, place_b), strict=True)
    )
    return GuardData(durations={given.share: (pair[0], pair[1])}, bounds=BOUNDS, share=given.share)


def _drawn(rng: np.random.Generator, n: NDArray[np.int64], mean: float, spread: float) -> Sums:
    if spread == 1.0:
        return Sums.hits(n.astype(float), rng.binomial(n, mean).astype(float))
    counts = rng.multinomial(n, binom.pmf(np.arange(5), 4, mean)).astype(float)
    return Sums(n.astype(float), counts @ ATOMS, counts @ ATOMS**2, counts @ ATOMS**3)


def races(bases: Sequence[float], shares: Sequence[float]) -> Iterator[Race]:
    """List them: rates and means with the effect known, unknown or another, and latencies."""
    for base in bases:
        for share in shares:
            yield from _arms("rate", Guard("error_rate", margin=MARGINS[base]), Basis(mean=base), share)
            if base >= _LEAST_MEAN:
                guard, basis = Guard("brier", margin=MARGINS[base]), Basis(mean=base, spread=SPREAD)
                yield from _arms("bounded mean", guard, basis, share)
    for q, decay in ((0.5, 0.8), (0.95, 0.65), (0.99, 0.55)):
        yield from _latencies(q, decay)


def _arms(what: str, guard: Guard, basis: Basis, share: float) -> Iterator[Race]:
    """Race for both verdicts with the effect stated; and for "worse" with it guessed, rightly or not."""
    margin, base = guard.margin_or_default, basis.mean
    stated = replace(guard, effect=margin)
    plain = Race(what, "known", stated, basis, base, base + margin, share, "worse")
    yield plain
    yield plain._replace(mean_b=base, verdict="fine")
    for effect, times in (("unknown", 1.0), ("half of the margin", 0.5), ("twice the margin", 2.0)):
        yield plain._replace(guard=guard, effect=effect, mean_b=base + times * margin)
    yield plain._replace(guard=guard, effect="unknown", mean_b=base, verdict="fine")


def _latencies(q: float, decay: float) -> Iterator[Race]:
    """Race on a quantile: a candidate slower by the margin, and one that is not slower at all."""
    mean, guard = 1.0 - q, Guard(f"latency_p{100 * q:g}")
    basis = Basis(mean=mean, bound=BOUND, decay=decay)
    slower, further = min(mean / decay**2, 0.9), mean * decay**2
    what = f"latency, p{100 * q:g}"
    yield Race(what, "unknown", guard, basis, mean, slower, 0.5, "worse")
    yield Race(what, "unknown", guard, basis, mean, further, 0.5, "fine")
