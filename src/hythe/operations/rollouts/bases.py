"""What guards expect of the champion, fixed from its windows before their first data.

A wrong guess costs time and never an error, so rates need no data. The duration that stands for a quantile
cannot be guessed: until enough answers of the champion are known, its guard has no basis, and no data.
"""

from __future__ import annotations

import math
from collections import Counter

from hythe.monitor.windows.timing import BOUNDS
from hythe.operations.rollouts.counted import Counts, Sums
from hythe.operations.rollouts.values import durations_of, values_of
from hythe.rollout.basis import basis_of_durations, basis_of_values
from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis, Rollout

_ENOUGH = 100
_BEYOND = 3.0
"""How many answers slower than a quantile are expected among those that it is taken from, at least."""
_RARE = Basis(mean=0.01)
"""What is expected of failures and refusals before anything is known."""


def champion_of(rollout: Rollout, sums: Sums) -> Counts:
    """Add up what the champion did, of all that was left to chance or was all traffic."""
    found: Counts = Counter()
    for cell, counts in sums.items():
        if cell.version == rollout.champion.version and cell.share > 0.0:
            found.update(counts)
    return found


def complete(rollout: Rollout) -> bool:
    """Tell whether every guard has a basis, so that nothing more is to be known of the champion."""
    return all(guard.metric in rollout.bases for guard in rollout.policy.everything)


def fixed(rollout: Rollout, champion: Counts, since: int) -> dict[str, Basis]:
    """Fix the bases that the present stage needs and that can be fixed now, beside those that stand.

    `champion` is what `champion_of` gives; the guards' data count from revision `since` on, of a plan that is
    not put yet. Guards of traffic wait in a shadow stage: the longer, the more is known of the champion.
    """
    found = dict(rollout.bases)
    shadows = rollout.now.kind == "shadow"
    for guard in rollout.policy.everything:
        wanted = guard.kind.source == "shadows" or not shadows
        if wanted and guard.metric not in found and (basis := _basis(guard, champion, since)) is not None:
            found[guard.metric] = basis
    return found


def _basis(guard: Guard, champion: Counts, since: int) -> Basis | None:
    metric = guard.kind
    if metric.scale == "quantile":
        before = durations_of(champion)
        enough = max(_ENOUGH, math.ceil(_BEYOND / (1.0 - metric.q)))
        if sum(before.buckets.values()) < enough:
            return None
        return basis_of_durations(guard, before, BOUNDS.tolist(), since)
    known = values_of(metric.name, champion) if metric.source == "requests" else None
    if known is not None and known.n >= _ENOUGH:
        return basis_of_values(known, since)
    rare = metric.name in {"error_rate", "refusal_rate"}
    return Basis(mean=_RARE.mean if rare else Basis().mean, since=since)
