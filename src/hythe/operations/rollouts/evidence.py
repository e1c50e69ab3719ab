"""What a rollout's guards are judged on, read from the catalog: windows, or outcomes one by one.

The units are what was randomised. Without a sticky key those are requests, which windows add up. With one
they are keys, of which each counts once; and feedback is known of single predictions. Both of these are
rows of the catalog's outcomes.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hythe.base.clock import Clock
from hythe.monitor.windows.timing import BOUNDS
from hythe.operations.rollouts.bases import champion_of, complete
from hythe.operations.rollouts.counted import Counted, Counts, newest
from hythe.operations.rollouts.pairing import Pair, Part, paired, pairs_of, share_of
from hythe.operations.rollouts.singles import Singles
from hythe.operations.rollouts.values import added, durations_of, requests_of, values_of
from hythe.registry.catalog import Catalog
from hythe.rollout.evaluate import split_mismatch
from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.judging.timed import merged
from hythe.rollout.state import Rollout
from hythe.statistics.evidence.sums import Arms, Split, Sums

_BOUNDS = tuple(BOUNDS.tolist())


class Gathered(NamedTuple):
    """The data of each guard that has a basis, the evidence of a wrong split, and the champion's counts."""

    data: dict[str, GuardData]
    log_e_mismatch: float
    champion: Counts


class Evidence:
    """Reads what there is on one endpoint's rollout; what was read before is not read again."""

    def __init__(self, catalog: Catalog, endpoint: str, clock: Clock) -> None:
        self._observations = catalog.observations
        self._endpoint = endpoint
        self._before: Counts | None = None
        self._counted = Counted(catalog.observations, endpoint)
        self._singles = Singles(catalog.outcomes, endpoint, clock)

    def gather(self, rollout: Rollout) -> Gathered:
        """Read what is known now.

        Raises:
            Corrupt: when a stored window cannot be read.
            Unavailable: when the catalog is gone.

        """
        sums = self._counted.look(rollout.revisions)
        parts = [Part(cell.revision, cell.version, cell.share, counts) for cell, counts in sums.items()]
        guards = [guard for guard in rollout.policy.everything if guard.metric in rollout.bases]
        data = {guard.metric: self._data(rollout, guard, parts) for guard in guards}
        champion = champion_of(rollout, sums) + self._champion_before(rollout)
        return Gathered(data, split_mismatch(self._drawn(rollout, parts)), champion)

    def _champion_before(self, rollout: Rollout) -> Counts:
        """Read, once, what the champion did under the plan that stood before, while anything hangs on it."""
        if complete(rollout) or not rollout.revisions:
            return Counter()
        if self._before is None:
            before = newest(self._observations, self._endpoint, rollout.revisions[0] - 1)
            self._before = champion_of(rollout, before)
        return self._before

    def _data(self, rollout: Rollout, guard: Guard, parts: list[Part[Counts]]) -> GuardData:
        since = rollout.bases[guard.metric].since
        if rollout.before.sticky or guard.kind.source == "feedback":
            found = self._singles.data(rollout, guard, since)
        elif guard.kind.source == "shadows":
            found = GuardData(copies=copies_of(rollout, guard, parts))
        else:
            found = requests(rollout, guard, parts, since)
        return found

    def _drawn(self, rollout: Rollout, parts: list[Part[Counts]]) -> Split:
        """Count the units that drew either arm."""
        if rollout.before.sticky:
            return self._singles.drawn(rollout)
        return {
            share: Arms(*(Sums.hits(sum(map(requests_of, side)), 0) for side in pair))
            for share, pair in paired(parts, rollout, 0).items()
        }


def requests(rollout: Rollout, guard: Guard, parts: list[Part[Counts]], since: int) -> GuardData:
    """Give a guard's data on single requests, from what windows counted under plans from `since` on."""
    pairs, share = pairs_of(parts, rollout, since), share_of(rollout)
    if guard.kind.scale == "quantile":
        durations = {at: _merged(pair) for at, pair in pairs.items()}
        return GuardData(durations=durations, bounds=_BOUNDS, share=share)
    split = {at: Arms(*(_added(guard, side) for side in pair)) for at, pair in pairs.items()}
    return GuardData(split=split, share=share)


def copies_of(rollout: Rollout, guard: Guard, parts: list[Part[Counts]]) -> Sums:
    """Add up what the candidate did with copies of requests."""
    return _added(guard, [part.value for part in parts if part.version == rollout.candidate.version])


def _merged(pair: Pair[Counts]) -> tuple[Durations, Durations]:
    champion, candidate = (merged([durations_of(counts) for counts in side]) for side in pair)
    return champion, candidate


def _added(guard: Guard, counts: list[Counts]) -> Sums:
    found = (values_of(guard.metric, one) for one in counts)
    return added(each for each in found if each is not None)
