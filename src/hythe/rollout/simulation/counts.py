"""What both versions are counted to do, in as many rollouts at once as are played."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.simulation.truth import SPREAD, Truth, Version
from hythe.statistics.evidence.sums import Arms, Sums

Numbers = NDArray[np.float64]
_ONE_BY_ONE = 64
"""Up to so many values are drawn singly; of more, the sums are."""


class Moments:
    """The sums of one arm's values, by rollout: how many, their sum, and the sum of their squares."""

    def __init__(self, runs: int) -> None:
        self.n, self.total, self.squares = np.zeros((3, runs))

    def add(
        self, rows: NDArray[np.intp], n: NDArray[Any], total: NDArray[Any], squares: NDArray[Any]
    ) -> None:
        """Count more values in some of the rollouts."""
        self.n[rows] += n
        self.total[rows] += total
        self.squares[rows] += squares

    def of(self, rows: NDArray[np.intp], *, binary: bool) -> Sums:
        """Give the sums of some of the rollouts."""
        if binary:
            return Sums.hits(self.n[rows], self.total[rows])
        return Sums(self.n[rows], self.total[rows], self.squares[rows])


@dataclass(slots=True)
class Drawn:
    """What one arm did between two looks, in some of the rollouts: requests and failures."""

    share: float
    rows: NDArray[np.intp]
    n: NDArray[np.int64]
    failed: NDArray[np.int64]


@dataclass
class Counts:
    """All that is counted of `runs` rollouts for these guards; `draw` lets time pass."""

    truth: Truth
    guards: Sequence[Guard]
    runs: int
    maturity_s: float
    rng: np.random.Generator
    sums: dict[tuple[str, float], tuple[Moments, Moments]] = field(default_factory=dict)
    buckets: dict[float, tuple[Numbers, Numbers]] = field(default_factory=dict)
    units: dict[float, tuple[Numbers, Numbers]] = field(default_factory=dict)
    pending: deque[tuple[float, int, Drawn]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.asked, self.failed = np.zeros((2, self.runs))
        """Requests that went to the candidate, and those of them that it failed."""

    def draw(self, rows: NDArray[np.intp], kind: str, share: float, now_s: float, passed_s: float) -> None:
        """Let `passed_s` seconds pass in some of the rollouts, which are all in one kind of stage."""
        requests = self.rng.poisson(self.truth.requests_per_s * passed_s, len(rows))
        to_candidate = self.rng.binomial(requests, share)
        if kind == "shadow":
            self._copy(rows, to_candidate)
        else:
            for arm, n in enumerate((requests - to_candidate, to_candidate)):
                failed = self.rng.binomial(n, self._version(arm).means.get("error_rate", 0.0))
                self._serve(arm, Drawn(share, rows, n, failed), now_s)
        self._mature(now_s)

    def data(self, guard: Guard, rows: NDArray[np.intp], share: float) -> GuardData:
        """Give what a guard of these rollouts is judged on, at the present share."""
        if guard.kind.source == "shadows":
            return GuardData(copies=self._moments(guard, 0.0)[1].of(rows, binary=_binary(guard)))
        if guard.kind.scale == "quantile":
            durations = {
                at: (self._durations(at, 0, rows), self._durations(at, 1, rows)) for at in self.buckets
            }
            return GuardData(durations=durations, bounds=self.truth.bounds, share=share)
        split = {
            at: Arms(*(moments.of(rows, binary=_binary(guard)) for moments in pair))
            for (metric, at), pair in self.sums.items()
            if metric == guard.metric
        }
        return GuardData(split=split, share=share)

    def counted(self, guard: Guard) -> Numbers:
        """Count the candidate's units of a guard, by rollout."""
        if guard.kind.scale == "quantile":
            return sum((pair[1] for pair in self.units.values()), np.zeros(self.runs))
        return sum(
            (pair[1].n for (metric, _), pair in self.sums.items() if metric == guard.metric),
            np.zeros(self.runs),
        )

    def _copy(self, rows: NDArray[np.intp], copies: NDArray[np.int64]) -> None:
        for guard in self.guards:
            if guard.kind.source == "shadows":
                self._add(guard, 0.0, 1, rows, copies)

    def _serve(self, arm: int, drawn: Drawn, now_s: float) -> None:
        rows, n = drawn.rows, drawn.n
        self._time(drawn, arm)
        self.pending.append((now_s + self.maturity_s, arm, drawn))
        for guard in self.guards:
            if guard.metric == "error_rate":
                self._moments(guard, drawn.share)[arm].add(rows, n, drawn.failed, drawn.failed)
            elif guard.kind.source == "requests" and guard.kind.scale != "quantile":
                self._add(guard, drawn.share, arm, rows, n)
        if arm:
            self.asked[rows] += n
            self.failed[rows] += drawn.failed

    def _mature(self, now_s: float) -> None:
        """Count the feedback that has come by now."""
        feedback = [guard for guard in self.guards if guard.kind.source == "feedback"]
        while self.pending and self.pending[0][0] <= now_s:
            _, arm, drawn = self.pending.popleft()
            for guard in feedback:
                labelled = self.rng.binomial(drawn.n - drawn.failed, self.truth.labelled)
                self._add(guard, drawn.share, arm, drawn.rows, labelled)

    def _add(
        self, guard: Guard, share: float, arm: int, rows: NDArray[np.intp], n: NDArray[np.int64]
    ) -> None:
        mean = self._version(arm).mean(guard)
        moments = self._moments(guard, share)[arm]
        if _binary(guard):
            hits = self.rng.binomial(n, mean)
            moments.add(rows, n, hits, hits)
        else:
            moments.add(rows, n, *_bounded(self.rng, n, mean))

    def _time(self, drawn: Drawn, arm: int) -> None:
        if not any(guard.kind.scale == "quantile" for guard in self.guards):
            return
        places, share = len(self.truth.bounds) + 1, drawn.share
        if share not in self.buckets:
            self.buckets[share] = (np.zeros((places, self.runs)), np.zeros((places, self.runs)))
            self.units[share] = (np.zeros(self.runs), np.zeros(self.runs))
        chances = np.array(self._version(arm).durations)
        found = self.rng.multinomial(drawn.n - drawn.failed, chances / chances.sum())
        self.buckets[share][arm][:, drawn.rows] += found.T
        self.units[share][arm][drawn.rows] += drawn.n

    def _durations(self, share: float, arm: int, rows: NDArray[np.intp]) -> Durations:
        counts = self.buckets[share][arm][:, rows]
        filled = np.flatnonzero(counts.any(axis=1))
        return Durations(self.units[share][arm][rows], {int(place): counts[place] for place in filled})

    def _moments(self, guard: Guard, share: float) -> tuple[Moments, Moments]:
        key = (guard.metric, share)
        if key not in self.sums:
            self.sums[key] = (Moments(self.runs), Moments(self.runs))
        return self.sums[key]

    def _version(self, arm: int) -> Version:
        return self.truth.candidate if arm else self.truth.champion


def _binary(guard: Guard) -> bool:
    """Whether values are 0 or 1: a shadow's are, where requests have one row."""
    return guard.kind.scale == "binary" or guard.kind.source == "shadows"


def _bounded(rng: np.random.Generator, n: NDArray[np.int64], mean: float) -> tuple[Numbers, Numbers]:
    """Draw sums and sums of squares of `n` values each from a beta distribution; of many, as normal ones."""
    mean = min(max(mean, 1e-6), 1.0 - 1e-6)
    scale = 1.0 / SPREAD - 1.0
    a, b = mean * scale, (1.0 - mean) * scale
    powers = np.cumprod([(a + k) / (a + b + k) for k in range(4)])
    means, spread = powers[:2], np.array([[powers[1], powers[2]], [powers[2], powers[3]]])
    noise = rng.multivariate_normal([0.0, 0.0], spread - np.outer(means, means), len(n))
    found = n[:, None] * means + np.sqrt(n)[:, None] * noise
    for place in np.flatnonzero(n <= _ONE_BY_ONE):
        values = rng.beta(a, b, int(n[place]))
        found[place] = values.sum(), (values**2).sum()
    return found[:, 0], np.clip(found[:, 1], 0.0, found[:, 0])
