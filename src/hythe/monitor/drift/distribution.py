"""The check of drift: whether each feature and output is distributed as it was, by all detectors together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hythe.monitor.drift.evidence import log_p_values
from hythe.monitor.drift.importance import weights
from hythe.monitor.drift.normal import Normal
from hythe.monitor.drift.pair import Pair
from hythe.monitor.drift.readings import most_moved, readings, shares
from hythe.monitor.drift.tensors import averaged
from hythe.monitor.drift.words import fine, found
from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.diagnose import diagnose
from hythe.monitor.quality.subjects import Subject, features, nan_is_missing, outputs

_WORTH_A_PLOT = 0.01
_LEAST_LOG = -690.0


class _Tested(NamedTuple):
    """A subject with its p-value, and those that it is made of, by detector."""

    subject: Subject
    pair: Pair
    p_value: float
    parts: Mapping[str, float]


class Distribution:
    """Tests each feature and output: mean, spread, shape, missing values, new categories.

    Where variation between windows was learned, its test takes the place of those that take rows for
    independent draws; what nothing was learned of is not tested then.
    """

    name = "distribution"

    def look(self, period: Period) -> Iterator[Candidate | Finding]:
        """Give a candidate for each feature and output that baseline and window both count."""
        subjects = [*features(period), *outputs(period)]
        normal, start = period.normal, period.window.start
        tested = _at_once(subjects) if normal is None else _learned(normal, start, subjects)
        important = {f"feature:{name}": weight for name, weight in weights(period.baseline).items()}
        for each in [*tested, *_of_tensors(period)]:
            yield _candidate(each, important.get(each.subject.name, 1.0))


def pair_of(subject: Subject) -> Pair:
    """Pair a subject's counts; NaN counts as missing where windows cannot tell the two apart."""
    before, now = subject.before, subject.now
    pair = Pair.of(subject.bins, before, now)
    if pair.ordered and nan_is_missing(subject):
        merged = [(cells[0] + cells[1], 0, *cells[2:]) for cells in (before, now)]
        pair = Pair.of(subject.bins, *merged)
    return pair


def _at_once(subjects: list[Subject]) -> Iterator[_Tested]:
    """Test subjects of equally many cells together, which takes a tenth of the time."""
    alike: dict[tuple[bool, int], list[tuple[Subject, Pair]]] = defaultdict(list)
    for subject in subjects:
        pair = pair_of(subject)
        alike[pair.ordered, pair.bins.cells].append((subject, pair))
    for group in alike.values():
        baseline, window = (
            np.array([getattr(pair, side) for _, pair in group]) for side in ("baseline", "window")
        )
        logs = log_p_values(Pair(group[0][1].bins, baseline, window))
        for place, (subject, pair) in enumerate(group):
            parts = {name: float(values[place]) for name, values in logs.items()}
            yield _Tested(
                subject, pair, _p(min(parts.values())), {name: _p(log) for name, log in parts.items()}
            )


def _learned(normal: Normal, start: int, subjects: list[Subject]) -> Iterator[_Tested]:
    """Test subjects by what was learned to be normal for windows that begin at `start`."""
    for subject in subjects:
        deviation, usual = (
            normal.judge(subject.name, subject.now, start),
            normal.reference(subject.name, start),
        )
        if deviation is not None and usual is not None:
            pair = pair_of(replace(subject, before=usual))
            yield _Tested(subject, pair, deviation.p_value, {"normal_variation": deviation.p_value})


def _of_tensors(period: Period) -> Iterator[_Tested]:
    if period.normal is None:
        for subject, pair, logs in averaged(period):
            parts = {name: _p(float(log)) for name, log in logs.items()}
            yield _Tested(subject, pair, min(parts.values()), parts)


def _candidate(tested: _Tested, weight: float) -> Candidate:
    subject, pair = tested.subject, tested.pair
    now = None if subject.powers is None else subject.powers.moments()
    moved = most_moved(pair)
    measures = readings(pair, subject.moments, now)
    plot = shares(pair) if tested.p_value <= _WORTH_A_PLOT else {}
    told = {"diagnosis": list(diagnose(subject))} if plot else {}
    return Candidate(
        kind="drift",
        check=Distribution.name,
        subject=subject.name,
        p_value=tested.p_value,
        fine=fine(subject.short, subject.rows),
        found=found(subject.name, moved, measures, tested.p_value),
        value=moved.change,
        unit="share of rows",
        weight=weight,
        n=subject.rows,
        details={**measures, "p_values": dict(tested.parts), "moved": moved._asdict(), **plot, **told},
    )


def _p(log: float) -> float:
    return math.exp(max(log, _LEAST_LOG))
