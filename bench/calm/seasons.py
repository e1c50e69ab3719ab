"""A stream that is not the same at all hours, remembers its last hour, and drifts nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calm.endpoints import least_log_p
from hythe.monitor.drift.learning import Sample, learn_samples
from hythe.monitor.drift.pair import Pair
from hythe.monitor.policy import MonitorPolicy
from hythe.statistics.bins import NumberBins

Floats = NDArray[np.float64]
HOUR_S, HOURS = 3600, 24
FEATURES = ("feature:amount", "feature:age", "feature:score")
BINS = 16
_MEMORY, _SWING, _WANDER, _WEEKEND = 0.8, 0.3, 0.08, 0.2
_ROWS = 400.0


def alarms(rng: np.random.Generator, policies: Sequence[MonitorPolicy], days: int) -> list[int]:
    """Learn for the policies' days, watch `days` more, and count the periods that alarm under each policy.

    Last, under the first one, with the learned rows taken for a baseline of independent draws.
    """
    usual = policies[0]
    learning = int(usual.learning_days) * HOURS
    hours = np.array([_hours(rng, learning + days * HOURS) for _ in FEATURES])
    found = [0] * (len(policies) + 1)
    for period_s in usual.periods_s:
        merged = hours.reshape(len(FEATURES), -1, period_s // HOUR_S, hours.shape[-1]).sum(axis=2)
        first = learning * HOUR_S // period_s
        learned = _learned(merged, first, period_s)
        for place, policy in enumerate(policies):
            found[place] += sum(_rejects(each, policy.alpha(period_s)) for each in learned)
        found[-1] += sum(_rejects(each, usual.alpha(period_s)) for each in _naive(merged, first))
    return found


def _hours(rng: np.random.Generator, hours: int) -> NDArray[np.int64]:
    """Draw one feature's counts [hours, cells]: its mean swings over the day and the week, and wanders."""
    at = np.arange(hours)
    swing = _SWING * np.sin(2.0 * np.pi * at / HOURS + rng.uniform(0, 6))
    weekend = _WEEKEND * ((at // HOURS % 7) >= 5)
    wander = np.zeros(hours)
    steps = rng.normal(0.0, _WANDER * np.sqrt(1.0 - _MEMORY**2), hours)
    for hour in range(1, hours):
        wander[hour] = _MEMORY * wander[hour - 1] + steps[hour]
    rows = rng.poisson(_ROWS * (1.0 + 0.7 * np.sin(2.0 * np.pi * at / HOURS)))
    places = np.linspace(-1.5, 1.5, BINS)
    weights = np.exp(-0.5 * (places - (swing + weekend + wander)[:, None]) ** 2)
    drawn = rng.multinomial(rows, weights / weights.sum(axis=1, keepdims=True))
    return np.pad(drawn, [(0, 0), (3, 1)])


def _learned(merged: NDArray[np.int64], first: int, period_s: int) -> list[Floats]:
    """Give the p-values of each period after the first ones, from which is learned."""
    samples = [
        Sample(
            place * period_s, {name: tuple(merged[of, place].tolist()) for of, name in enumerate(FEATURES)}
        )
        for place in range(first)
    ]
    normal = learn_samples(samples, period_s, ordered=FEATURES)
    found = []
    for place in range(first, merged.shape[1]):
        judged = [
            normal.judge(name, merged[of, place].tolist(), place * period_s)
            for of, name in enumerate(FEATURES)
        ]
        found.append(np.array([each.p_value for each in judged if each is not None]))
    return found


def _naive(merged: NDArray[np.int64], first: int) -> list[Floats]:
    """Give the p-values of each period after the first ones, by the tests of independent rows."""
    bins = NumberBins(tuple(float(place) for place in range(BINS)), float(BINS))
    logs = []
    for of in range(len(FEATURES)):
        windows = merged[of, first:].astype(np.float64)
        baseline = np.broadcast_to(merged[of, :first].sum(axis=0), windows.shape).astype(np.float64)
        logs.append(least_log_p(Pair(bins, baseline, windows)))
    return [np.exp(each) for each in np.array(logs).T]


def _rejects(p_values: Floats, alpha: float) -> bool:
    """Say whether Benjamini and Hochberg reject anything."""
    ordered = np.sort(p_values)
    return bool((ordered <= alpha * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)).any())
