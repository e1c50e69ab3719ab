"""Learns what variation between windows is normal: seasons, design effects, and how well they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.baseline import Baseline
from hythe.bundle.summary import Summary
from hythe.monitor.drift.levels import vary
from hythe.monitor.drift.normal import Normal
from hythe.monitor.window import Tally, Window
from hythe.statistics.bins import NumberBins

LEAST_WINDOWS = 7
"""How many windows it takes to say anything of what lies between them."""


class Sample(NamedTuple):
    """Counts by cell of subjects over one stretch of time, from second `start` (UTC)."""

    start: int
    cells: Mapping[str, Sequence[int]]


def learn(windows: Iterable[Window], baseline: Baseline, period_s: int, *, least_rows: int = 100) -> Normal:
    """Learn from an endpoint's version's windows, merged here into periods of `period_s` seconds (aligned).

    Windows longer than that are left out, and so are periods of fewer than `least_rows` rows. Windows of
    several shares and revisions count together. Deterministic, in whatever order windows come.

    Raises:
        Invalid: when fewer than seven periods are left; when windows are counted over other bins.

    """
    kinds = {"feature": baseline.features, "output": baseline.outputs}
    summaries = {f"{kind}:{name}": each for kind, known in kinds.items() for name, each in known.items()}
    merged: dict[int, dict[str, Sequence[int]]] = {}
    for window in windows:
        if window.period_s <= period_s:
            period = merged.setdefault(window.start // period_s * period_s, {})
            for subject, tally in _tallies(window):
                _add(period, subject, tally.cells)
    ordered = {subject for subject, each in summaries.items() if isinstance(each.counts.bins, NumberBins)}
    samples = [Sample(start, _known(cells, summaries)) for start, cells in merged.items()]
    return learn_samples(samples, period_s, ordered=ordered, least_rows=least_rows)


def learn_samples(
    samples: Iterable[Sample], period_s: int, *, ordered: Iterable[str] = (), least_rows: int = 100
) -> Normal:
    """Learn from counts by stretch of time, one sample each; `ordered` subjects have cells of numbers.

    Raises:
        Invalid: when no subject has seven samples of `least_rows` rows.

    """
    those = sorted(samples, key=lambda sample: sample.start)
    numbers = frozenset(ordered)
    subjects = {}
    most = 0
    for subject in sorted({subject for sample in those for subject in sample.cells}):
        found = [
            (sample.start, sample.cells[subject])
            for sample in those
            if subject in sample.cells and sum(sample.cells[subject]) >= least_rows
        ]
        most = max(most, len(found))
        if len(found) >= LEAST_WINDOWS:
            starts, cells = zip(*found, strict=True)
            counts = np.array(cells, dtype=np.int64)
            subjects[subject] = vary(starts, counts, period_s, ordered=subject in numbers)
    if not subjects:
        raise Invalid(
            f"the learning period has {most} windows of {period_s} s with {least_rows} rows or more, and "
            f"{LEAST_WINDOWS} are needed; learn from a longer time, or for shorter periods"
        )
    return Normal(period_s=period_s, start=those[0].start, windows=most, subjects=subjects)


def _tallies(window: Window) -> Iterable[tuple[str, Tally]]:
    for kind, tallies in (("feature", window.features), ("output", window.outputs)):
        for name, tally in tallies.items():
            yield f"{kind}:{name}", tally


def _add(period: dict[str, Sequence[int]], subject: str, cells: Sequence[int]) -> None:
    known = period.get(subject)
    if known is None:
        period[subject] = cells
        return
    if len(known) != len(cells):
        raise Invalid(
            f"windows count {subject} in {len(known)} and in {len(cells)} cells; learn from one version's"
        )
    period[subject] = [one + other for one, other in zip(known, cells, strict=True)]


def _known(period: Mapping[str, Sequence[int]], summaries: Mapping[str, Summary]) -> dict[str, Sequence[int]]:
    """Leave out what the baseline does not have; what it counts in other cells is of another version."""
    kept = {subject: cells for subject, cells in period.items() if subject in summaries}
    for subject, cells in kept.items():
        bins = summaries[subject].counts.bins.cells
        if len(cells) != bins:
            raise Invalid(
                f"windows count {subject} in {len(cells)} cells, and the baseline in {bins}; learn from "
                "windows of the baseline's version"
            )
    return kept
