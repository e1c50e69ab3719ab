"""Records to windows: a second or some of each arm counted once, vectorised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hythe.monitor.records.call import CACHED, DEGRADED
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.group import Group, Key, Requests, Scores, groups, no_score
from hythe.monitor.windows.statistic import Statistic
from hythe.monitor.windows.timing import timings
from hythe.monitor.windows.window import Window

Counters = Callable[[str, str], BinCounter | None]
"""Finds the bin counter of an endpoint's version; None where it has no baseline."""


def fold(
    records: Sequence[BatchRecord],
    counters: Counters,
    statistics: Sequence[Statistic],
    scores: Scores = no_score,
    period_s: int = 1,
) -> list[Window]:
    """Count records into windows of `period_s` seconds, which begin at multiples of that."""
    return [
        _window(key, group, counters(key[0], key[1]), statistics, period_s)
        for key, group in groups(records, scores, period_s).items()
    ]


def _window(
    key: Key, group: Group, counter: BinCounter | None, statistics: Sequence[Statistic], period_s: int
) -> Window:
    endpoint, version, share, revision, second = key
    requests = Requests.of(group.calls)
    kinds = requests.kinds()
    inputs = [] if counter is None else group.inputs()
    return Window(
        endpoint=endpoint,
        version=version,
        start=second,
        period_s=period_s,
        share=share,
        revision=revision,
        requests=_outcomes(kinds),
        rows=group.rows,
        answered_rows=group.answered_rows,
        counted_rows=group.counted_rows,
        runs=len(group.inference_s),
        run_rows=group.run_rows,
        degraded=sum(n for (_, _, flags), n in kinds.items() if flags & DEGRADED),
        cached=sum(n for (_, _, flags), n in kinds.items() if flags & CACHED),
        rescued=group.rescued,
        request_s=timings(requests.duration_s[requests.answered]),
        unanswered_s=timings(requests.duration_s[~requests.answered]),
        queue_s=timings(requests.queue_s),
        inference_s=timings(np.array(group.inference_s, dtype=np.float64)),
        features={} if counter is None else counter.features(inputs),
        outputs={} if counter is None else counter.outputs(group.outputs()),
        statistics={
            item.name: tuple(numbers) for item in statistics if (numbers := item.count(requests, group))
        }
        | ({} if counter is None else counter.pairs(inputs)),
        faults=dict(Counter([f"{fault.kind}:{fault.column}" for fault in group.faults])),
    )


def _outcomes(kinds: Mapping[tuple[str, str, int], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (outcome, reason, _), n in kinds.items():
        name = f"{outcome}:{reason}" if reason else outcome
        found[name] = found.get(name, 0) + n
    return found
