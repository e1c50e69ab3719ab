"""What a guard knows of a candidate that has all traffic: there is no other arm to compare it with.

It is held against what the champion was expected to be before the rollout. That is weaker than a comparison
of concurrent arms: what changed for both meanwhile counts as the candidate's doing. So it is never called
worse by less than the margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from msgspec.structs import replace

from hythe.rollout.guard import Guard, GuardReport, Verdict
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.judging.timed import quantile
from hythe.rollout.state import Basis
from hythe.statistics.evidence.contrast import Side
from hythe.statistics.evidence.mean import log_e_mean, mean_interval
from hythe.statistics.evidence.rate import log_e_one_sided, rate_interval
from hythe.statistics.evidence.sums import Sums

ALONE = 1.0
"""The share under which data of a candidate that has all traffic stand in `GuardData`."""
_NOTE = "held against the champion's time before the rollout"
_LEAST = 1e-6
_Test: TypeAlias = tuple[Callable[[Side], Any], Side, Side]
"""What gives the evidence on one side of a level; the side that is worse, and the other."""
_NOTHING = Sums(0.0, 0.0, 0.0)


def watch(
    guard: Guard, data: GuardData, *, alpha_worse: float, alpha_fine: float, basis: Basis
) -> GuardReport:
    """Say what a guard knows at this look; one may look as often as one likes.

    It is worse when the evidence that the metric is beyond the basis by more than the margin reaches
    1/`alpha_worse`, fine when the evidence that it is within reaches 1/`alpha_fine`.

    >>> from hythe.statistics.evidence.sums import Arms
    >>> alone = GuardData(split={ALONE: Arms(Sums.hits(0, 0), Sums.hits(4000, 300))}, share=ALONE)
    >>> watch(Guard("error_rate"), alone, alpha_worse=0.01, alpha_fine=0.05, basis=Basis(mean=0.01)).verdict
    'worse'
    """
    worse, fine = (float(log_e) for log_e in evidence(guard, data, basis))
    report = _estimates(guard, data, basis, alpha_fine)
    verdict: Verdict = "waiting"
    if worse >= -math.log(alpha_worse):
        verdict = "worse"
    elif fine >= -math.log(alpha_fine) and report.n_candidate:
        verdict = "fine"
    return replace(report, verdict=verdict, log_e_worse=worse, log_e_fine=fine)


def evidence(guard: Guard, data: GuardData, basis: Basis) -> tuple[Any, Any]:
    """Give the logarithms of the evidence for "beyond the margin", and for "within it".

    Numbers, or arrays where the data are arrays: one for each simulated rollout.
    """
    tests = _tests(guard, data, basis)
    beyond = np.stack([test(away) for test, away, _ in tests])
    within = np.stack([test(toward) for test, _, toward in tests])
    return np.logaddexp.reduce(beyond) - math.log(len(beyond)), within.min(axis=0)


def _tests(guard: Guard, data: GuardData, basis: Basis) -> list[_Test]:
    """Give what is to be tested, which side of the level is worse, and which is not."""
    margin = guard.margin_or_default
    if guard.kind.scale == "quantile":
        durations = _durations(data)
        beyond = durations.beyond(basis.bound + _steps(margin, data))
        return [(_against(guard, Sums.hits(durations.n, beyond), basis.mean), "above", "below")]
    values = _values(data)
    higher: _Test = (_against(guard, values, basis.mean + margin), "above", "below")
    lower: _Test = (_against(guard, values, basis.mean - margin), "below", "above")
    return {1: [higher], -1: [lower], 0: [higher, lower]}[guard.kind.worse]


def _against(guard: Guard, values: Sums, level: float) -> Callable[[Side], Any]:
    level = min(max(level, _LEAST), 1.0 - _LEAST)
    if guard.kind.scale == "bounded":
        return lambda side: log_e_mean(values, level, side)
    return lambda side: log_e_one_sided(values.total, values.n, level, side)


def _estimates(guard: Guard, data: GuardData, basis: Basis, alpha: float) -> GuardReport:
    if guard.kind.scale == "quantile":
        return _timed(guard, data, basis)
    values = _values(data)
    n, expected = int(values.n), guard.unscaled(basis.mean)
    report = GuardReport(metric=guard.metric, champion=expected, n_candidate=n, note=_NOTE)
    if not n:
        return report
    low, high = _interval(guard, values, alpha)
    mean, sign = guard.unscaled(float(values.total) / n), guard.kind.worse or 1
    ends = sorted(sign * (guard.unscaled(end) - expected) for end in (low, high))
    return replace(report, candidate=mean, difference=sign * (mean - expected), low=ends[0], high=ends[1])


def _timed(guard: Guard, data: GuardData, basis: Basis) -> GuardReport:
    durations = _durations(data)
    found = quantile(durations, guard.kind.q, data.bounds)
    expected = data.bounds[min(basis.bound, len(data.bounds) - 1)]
    difference = None if found is None else found / expected - 1.0
    return GuardReport(
        metric=guard.metric,
        champion=expected,
        candidate=found,
        n_candidate=int(durations.n),
        difference=difference,
        note=_NOTE,
    )


def _interval(guard: Guard, values: Sums, alpha: float) -> tuple[float, float]:
    if guard.kind.scale == "binary":
        return rate_interval(int(values.total), int(values.n), alpha)
    return mean_interval(values, alpha)


def _steps(margin: float, data: GuardData) -> int:
    factor = data.bounds[1] / data.bounds[0]
    return max(1, math.floor(round(math.log1p(margin) / math.log(factor), 9)))


def _values(data: GuardData) -> Sums:
    return data.split[ALONE].b if ALONE in data.split else _NOTHING


def _durations(data: GuardData) -> Durations:
    return data.durations[ALONE][1] if ALONE in data.durations else Durations(0.0, {})
