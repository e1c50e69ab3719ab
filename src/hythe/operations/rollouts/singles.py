"""Evidence from single outcomes: one of each sticky key, or of each prediction that feedback was told of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from hythe.base.clock import Clock
from hythe.monitor.windows.timing import BOUNDS
from hythe.operations.rollouts.pairing import Pair, Part, paired, pairs_of, share_of
from hythe.operations.rollouts.values import added
from hythe.registry.outcomes import Outcomes, OutcomeSum
from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.judging.timed import merged
from hythe.rollout.state import Rollout
from hythe.statistics.evidence.sums import Arms, Split, Sums

T = TypeVar("T")
_BOUNDS = tuple(BOUNDS.tolist())
_TRIED = "refusal_rate"
"""Whatever became of a key's first request, it has a value of this metric."""
_IDLE = 9.0
"""How many times as long as reading took, nothing is read again: then 10% of the time goes into it."""
_LONGEST_S = 10.0


class Singles:
    """Reads the outcomes of one endpoint, added up in the database; not more often than it can afford."""

    def __init__(self, outcomes: Outcomes, endpoint: str, clock: Clock) -> None:
        self._outcomes = outcomes
        self._endpoint = endpoint
        self._clock = clock
        self._read: dict[Hashable, tuple[float, Any]] = {}

    def data(self, rollout: Rollout, guard: Guard, since: int) -> GuardData:
        """Give a guard's data, from plans of revision `since` on."""
        share = share_of(rollout)
        if guard.kind.source == "shadows":
            return GuardData(copies=self._copies(rollout, guard, since))
        if guard.kind.scale == "quantile":
            durations = {at: _both(pair) for at, pair in self._timed(rollout, since).items()}
            return GuardData(durations=durations, bounds=_BOUNDS, share=share)
        parts = self._parts(rollout, guard, since)
        return GuardData(split=_split(pairs_of(parts, rollout, since)), share=share)

    def drawn(self, rollout: Rollout) -> Split:
        """Count the keys that drew either arm."""
        parts = self._parts(rollout, Guard(_TRIED), 0)
        return _split(paired(parts, rollout, 0))

    def _copies(self, rollout: Rollout, guard: Guard, since: int) -> Sums:
        parts = self._parts(rollout, guard, since)
        return added([part.value for part in parts if part.version == rollout.candidate.version])

    def _parts(self, rollout: Rollout, guard: Guard, since: int) -> list[Part[Sums]]:
        """Read a metric's sums by plan, version and share, scaled to 0..1."""
        revisions = tuple(each for each in rollout.revisions if each >= since)
        found = self._paced(
            (guard.metric, revisions),
            lambda: self._outcomes.sums(
                self._endpoint,
                guard.metric,
                revisions,
                by_key=bool(rollout.before.sticky),
                bounds=None if guard.kind.scale == "binary" else guard.range or (0.0, 1.0),
                **self._matured(rollout, guard),
            ),
        )
        return [_part(each) for each in found]

    def _timed(self, rollout: Rollout, since: int) -> dict[float, Pair[Durations]]:
        """Read durations by bucket; the keys that nothing was answered to count as well."""
        revisions = tuple(each for each in rollout.revisions if each >= since)
        answered = self._paced(
            ("latency", revisions),
            lambda: self._outcomes.histograms(self._endpoint, "latency", revisions, _BOUNDS, by_key=True),
        )
        tried = self._parts(rollout, Guard(_TRIED), since)
        parts = [Part(part.revision, part.version, part.share, Durations(part.value.n, {})) for part in tried]
        parts += [
            Part(each.revision, each.version, each.share, Durations(0, each.buckets)) for each in answered
        ]
        return pairs_of(parts, rollout, since)

    def _matured(self, rollout: Rollout, guard: Guard) -> dict[str, int]:
        """Say which predictions count: those whose labels have all had the same time to arrive."""
        if guard.kind.source != "feedback" or not rollout.policy.maturity_s:
            return {}
        maturity_ns = int(rollout.policy.maturity_s * 1e9)
        now_ns = int(self._clock.now().timestamp() * 1e9)
        return {"matured_before_ns": now_ns - maturity_ns, "within_ns": maturity_ns}

    def _paced(self, name: Hashable, read: Callable[[], T]) -> T:
        """Read anew where enough time has passed since the last reading for what that cost."""
        began_s = self._clock.monotonic_s()
        due_s, found = self._read.get(name, (began_s, None))
        if began_s >= due_s:
            found = read()
            ended_s = self._clock.monotonic_s()
            self._read[name] = (ended_s + min(_IDLE * (ended_s - began_s), _LONGEST_S), found)
        known: T = found
        return known


def _part(found: OutcomeSum) -> Part[Sums]:
    sums = Sums(found.n, found.total, found.squares, found.cubes)
    return Part(found.revision, found.version, found.share, sums)


def _split(pairs: dict[float, Pair[Sums]]) -> Split:
    return {at: Arms(added(pair.champion), added(pair.candidate)) for at, pair in pairs.items()}


def _both(pair: Pair[Durations]) -> tuple[Durations, Durations]:
    return merged(pair.champion), merged(pair.candidate)
