"""Rollouts by one policy, played many times at once with the machine and the evidence of real ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from hythe.rollout.basis import basis_of_durations, basis_of_values
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.guard_data import Durations
from hythe.rollout.machine import advance, decide, guards_of
from hythe.rollout.simulation.counts import Counts
from hythe.rollout.simulation.judged import judged
from hythe.rollout.simulation.truth import SPREAD, Truth
from hythe.rollout.state import Basis, Rollout
from hythe.statistics.evidence.sums import Sums

Told: TypeAlias = Callable[[float, int], None]
"""Is told the simulated seconds, and how many rollouts have ended."""
Rows: TypeAlias = NDArray[np.intp]
Key = TypeVar("Key", bound=Hashable)
_LOOK_S = 1.0
_GROWTH = 0.02
"""Looks come each second, and later after each further 2% of the time: none is missed by more than that."""
_BEFORE_S = 3600.0
"""For so long the champion is taken to have been watched before."""


@dataclass(frozen=True, slots=True)
class Played:
    """One simulated rollout as it ended, and what it cost: the candidate's requests, and those it failed."""

    rollout: Rollout
    asked: int
    failed: int
    shares: tuple[tuple[float, float], ...]
    """From when on, in seconds, the candidate had which share of the traffic."""


class Play:
    """Plays a rollout, as it would begin, `runs` times against the truth; `run` gives the ends."""

    def __init__(self, begun: Rollout, truth: Truth, runs: int, seed: int = 0) -> None:
        self._policy = begun.policy
        self._guards = self._policy.everything
        self._rollouts = [begun] * runs
        self._shares = [[(0.0, candidates_share(begun))] for _ in range(runs)]
        self._grown = {guard.metric: np.full(runs, -math.inf) for guard in self._guards}
        self._bases = {guard.metric: basis_of(guard, truth) for guard in self._guards}
        rng = np.random.default_rng(seed)
        self._counts = Counts(truth, self._guards, runs, self._policy.maturity_s, rng)

    def run(self, tell: Told) -> list[Played]:
        """Play until every rollout has ended, which each does."""
        before_s = 0.0
        for now_s in _looks(self._policy.most_s):
            running = [row for row, rollout in enumerate(self._rollouts) if not rollout.ended]
            if not running:
                break
            self._draw(running, now_s, now_s - before_s)
            for rows in self._grouped(running, lambda rollout: rollout.stage).values():
                self._look(rows, now_s)
            before_s = now_s
            tell(now_s, sum(rollout.ended for rollout in self._rollouts))
        return [self._played(row) for row in range(len(self._rollouts))]

    def _draw(self, running: list[int], now_s: float, passed_s: float) -> None:
        """Let time pass, and note whose data grew."""
        known = {guard.metric: self._counts.counted(guard) for guard in self._guards}
        for (kind, share), rows in self._grouped(running, _traffic).items():
            self._counts.draw(rows, kind, share, now_s, passed_s)
        for guard in self._guards:
            self._grown[guard.metric][self._counts.counted(guard) > known[guard.metric]] = now_s

    def _grouped(self, running: list[int], by: Callable[[Rollout], Key]) -> dict[Key, Rows]:
        found: dict[Key, list[int]] = {}
        for row in running:
            found.setdefault(by(self._rollouts[row]), []).append(row)
        return {key: np.array(rows) for key, rows in found.items()}

    def _look(self, rows: Rows, now_s: float) -> None:
        """Have the machine decide on rollouts that stand in one stage."""
        reports = list(zip(*self._reports(rows), strict=True))
        for row, seen in zip(rows.tolist(), reports, strict=True):
            growing = {
                metric: now_s - float(grown[row]) < self._policy.fresh_s
                for metric, grown in self._grown.items()
            }
            decision = decide(self._rollouts[row], seen, running_s=now_s, growing=growing)
            self._rollouts[row] = advance(self._rollouts[row], decision)
            if decision.move != "stay":
                self._shares[row].append((now_s, candidates_share(self._rollouts[row])))

    def _reports(self, rows: Rows) -> list[list[GuardReport]]:
        """Give the reports of each guard of the stage, rollout by rollout."""
        stands = self._rollouts[int(rows[0])]
        return [
            judged(
                stands,
                guard,
                self._counts.data(guard, rows, stands.now.share),
                self._bases[guard.metric],
                self._counts.counted(guard)[rows],
            )
            for guard in guards_of(stands)
        ]

    def _played(self, row: int) -> Played:
        counts = self._counts
        return Played(
            self._rollouts[row], int(counts.asked[row]), int(counts.failed[row]), tuple(self._shares[row])
        )


def candidates_share(rollout: Rollout) -> float:
    """Give the candidate's share of the answers that callers get."""
    if rollout.ended:
        return 1.0 if rollout.status == "promoted" else 0.0
    if rollout.now.kind == "shadow":
        return 0.0
    return rollout.weights[1] if rollout.weights else rollout.now.share


def _traffic(rollout: Rollout) -> tuple[str, float]:
    """Give the kind of the stage, and the share of the requests that the candidate sees."""
    now = rollout.now
    return now.kind, rollout.weights[1] if rollout.weights else now.share


def _looks(most_s: float) -> Iterator[float]:
    """Give the seconds at which a controller looks, to the last."""
    now_s = 0.0
    while now_s < most_s:
        now_s = min(now_s + max(_LOOK_S, _GROWTH * now_s), most_s)
        yield now_s


def basis_of(guard: Guard, truth: Truth) -> Basis:
    """Expect of the champion what it did in the hour before."""
    n = round(truth.requests_per_s * _BEFORE_S)
    if guard.kind.scale == "quantile":
        buckets = {place: n * chance for place, chance in enumerate(truth.champion.durations) if chance}
        return basis_of_durations(guard, Durations(n, buckets), truth.bounds)
    mean = truth.champion.mean(guard)
    squares = n * (mean**2 + SPREAD * mean * (1.0 - mean))
    binary = guard.kind.scale == "binary"
    return basis_of_values(Sums.hits(n, n * mean) if binary else Sums(n, n * mean, squares))
