"""What is fixed of a guard before its first data: what to expect of the champion."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hythe.rollout.guard import Guard
from hythe.rollout.guard_data import Durations
from hythe.rollout.state import Basis
from hythe.statistics.evidence.sums import Sums

_AHEAD = 2
"""Over so many buckets the tail's decay is measured."""


def basis_of_values(before: Sums, since: int = 0) -> Basis:
    """Expect of the champion what its values were `before` the rollout: those of a metric, from 0 to 1.

    They may be few, or none: half a hit is added, because a rate of exactly 0 would stake all on it.

    >>> round(basis_of_values(Sums.hits(999, 2)).mean, 4)
    0.0025
    """
    n, total, squares = float(before.n), float(before.total), float(before.squares)
    mean = (total + 0.5) / (n + 1.0)
    if before.squares is before.total or total == squares or n < _AHEAD:
        return Basis(mean=mean, since=since)
    variance = max(0.0, squares / n - (total / n) ** 2)
    return Basis(mean=mean, spread=min(max(variance / (mean * (1.0 - mean)), 1e-4), 1.0), since=since)


def basis_of_durations(guard: Guard, before: Durations, bounds: Sequence[float], since: int = 0) -> Basis:
    """Choose the duration that stands for the guard's quantile, from the champion's `before` the rollout.

    It is the upper end of the bucket that holds the quantile of those that were answered. Without any, it is
    the middle of the bounds: the guard will wait long, and go wrong no more often.

    >>> guard = Guard("latency_p50")
    >>> basis_of_durations(guard, Durations(100, {1: 40, 2: 40, 3: 20}), [0.1, 0.2, 0.4, 0.8]).bound
    2
    """
    answered = float(sum(before.buckets.values()))
    if not answered:
        return Basis(mean=1.0 - guard.kind.q, bound=len(bounds) // 2, since=since)
    wanted = max(1, math.ceil(guard.kind.q * answered - 1e-9))
    below, bound = 0.0, 0
    for place in sorted(before.buckets):
        below, bound = below + float(before.buckets[place]), place
        if below >= wanted:
            break
    bound = min(bound, len(bounds) - 1)
    beyond = float(before.beyond(bound)) + 0.5
    further = float(before.beyond(bound + _AHEAD)) + 0.25
    decay = min(max((further / beyond) ** (1.0 / _AHEAD), 0.1), 0.95)
    return Basis(mean=beyond / (float(before.n) + 1.0), bound=bound, decay=decay, since=since)
