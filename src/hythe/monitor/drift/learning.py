"""Learns what variation between windows is normal: seasons, design effects, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.baseline import Baseline
from hythe.bundle.pairs import JOINT, PAIRS
from hythe.monitor.drift.associations import Associations, associate
from hythe.monitor.drift.levels import vary
from hythe.monitor.drift.normal import Normal
from hythe.monitor.windows.window import Window
from hythe.statistics.bins import NumberBins

LEAST_WINDOWS = 7
"""How many windows it takes to say anything of what lies between them."""


class Sample(NamedTuple):
    """Counts by cell of subjects over one stretch of time, from second `start` (UTC); `tables` of pairs."""

    start: int
    cells: Mapping[str, Sequence[int]]
    tables: Sequence[int] = ()


def learn(
    windows: Iterable[Window],
    baseline: Baseline,
    period_s: int,
    *,
    least_rows: int = 100,
    pause: Callable[[], None] = lambda: None,
) -> Normal:
    """Learn from an endpoint's version's windows, merged here into periods of `period_s` seconds (aligned).

    Windows longer than that are left out, and so are periods of fewer than `least_rows` rows. Windows of
    several shares and revisions count together. Deterministic, in whatever order windows come. `pause` is
    called between subjects; what it raises ends the learning.

    Raises:
        Invalid: when fewer than seven periods are left; when windows are counted over other bins.

    """
    cells, ordered = _expected(baseline)
    merged: dict[int, dict[str, Sequence[int]]] = {}
    for window in windows:
        if window.period_s <= period_s:
            period = merged.setdefault(window.start // period_s * period_s, {})
            for subject, counts in _counts(window):
                if subject in cells:
                    _add(period, subject, counts, cells[subject])
    samples = [Sample(start, period, period.pop(PAIRS, ())) for start, period in merged.items()]
    return learn_samples(samples, period_s, ordered=ordered, least_rows=least_rows, pause=pause)


def learn_samples(
    samples: Iterable[Sample],
    period_s: int,
    *,
    ordered: Iterable[str] = (),
    least_rows: int = 100,
    pause: Callable[[], None] = lambda: None,
) -> Normal:
    """Learn from counts by stretch of time, one sample each; `ordered` subjects have cells of numbers.

    `pause` is called between subjects; what it raises ends the learning.

    Raises:
        Invalid: when no subject has seven samples of `least_rows` rows.

    """
    those = sorted(samples, key=lambda sample: sample.start)
    numbers = frozenset(ordered)
    subjects = {}
    most = 0
    for subject in sorted({subject for sample in those for subject in sample.cells}):
        pause()
        starts, counts = _enough(those, subject, least_rows)
        most = max(most, len(starts))
        if len(starts) >= LEAST_WINDOWS:
            subjects[subject] = vary(starts, counts, period_s, ordered=subject in numbers)
    if not subjects:
        raise Invalid(
            f"the learning period has {most} windows of {period_s} s with {least_rows} rows or more, and "
            f"{LEAST_WINDOWS} are needed; learn from a longer time, or for shorter periods"
        )
    pairs = _pairs(those, period_s, least_rows)
    return Normal(period_s=period_s, start=those[0].start, windows=most, subjects=subjects, pairs=pairs)


def _enough(samples: Sequence[Sample], subject: str, least_rows: int) -> tuple[list[int], NDArray[np.int64]]:
    """Give the starts and the counts [samples, cells] of those samples that hold enough rows of a subject."""
    own = [(sample.start, sample.cells[subject]) for sample in samples if subject in sample.cells]
    width = len(own[0][1])
    flat = chain.from_iterable([cells for _, cells in own])
    counts = np.fromiter(flat, np.int64, len(own) * width).reshape(-1, width)
    enough = counts.sum(axis=1) >= least_rows
    return [start for (start, _), held in zip(own, enough.tolist(), strict=True) if held], counts[enough]


def _pairs(samples: Sequence[Sample], period_s: int, least_rows: int) -> Associations | None:
    """Learn how the dependence of pairs varies, from the samples that hold enough rows of some pair."""
    found = [(sample.start, np.reshape(sample.tables, (-1, 4))) for sample in samples if sample.tables]
    enough = [(start, tables) for start, tables in found if tables.sum(axis=1).max() >= least_rows]
    if len(enough) < LEAST_WINDOWS:
        return None
    starts, tables = zip(*enough, strict=True)
    return associate(starts, np.array(tables, dtype=np.int64), period_s)


def _expected(baseline: Baseline) -> tuple[dict[str, int], set[str]]:
    """Give how many counts each subject of a baseline has, and which subjects have cells of numbers."""
    kinds = {"feature": baseline.features, "output": baseline.outputs}
    summaries = {f"{kind}:{name}": each for kind, known in kinds.items() for name, each in known.items()}
    cells = {subject: each.counts.bins.cells for subject, each in summaries.items()}
    ordered = {subject for subject, each in summaries.items() if isinstance(each.counts.bins, NumberBins)}
    if baseline.pairs is not None:
        cells |= {JOINT: baseline.pairs.joint.bins.cells, PAIRS: len(baseline.pairs.tables)}
        ordered.add(JOINT)
    return cells, ordered


def _counts(window: Window) -> Iterable[tuple[str, Sequence[int]]]:
    for kind, tallies in (("feature", window.features), ("output", window.outputs)):
        for name, tally in tallies.items():
            yield f"{kind}:{name}", tally.cells
    yield from window.statistics.items()


def _add(period: dict[str, Sequence[int]], subject: str, counts: Sequence[int], expected: int) -> None:
    """Add counts to what is known of a period."""
    if len(counts) != expected:
        raise Invalid(
            f"a window counts {subject} in {len(counts)} cells, and the baseline in {expected}; learn from "
            "windows of the baseline's version"
        )
    known = period.get(subject)
    period[subject] = counts if known is None else [a + b for a, b in zip(known, counts, strict=True)]
