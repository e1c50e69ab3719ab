"""How often an endpoint alarms in 90 days of hours and days, all held against one finite baseline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calm import counts
from calm.endpoints import least_log_p
from hythe.base.clock import DAY_S
from hythe.monitor.drift.pair import Pair
from hythe.monitor.policy import MonitorPolicy
from hythe.statistics.bins import NumberBins

Floats = NDArray[np.float64]
HOURS = 24


class Stream(NamedTuple):
    """What 90 days are drawn from."""

    m: int
    rows_an_hour: int
    features: int


def alarms(rng: np.random.Generator, stream: Stream, policies: list[MonitorPolicy], days: int) -> list[int]:
    """Draw a baseline and then the days, and count the periods that alarm, under each policy.

    Features weigh alike; a period alarms when any of its p-values is at most alpha / q, as the first
    rejection of Benjamini and Hochberg for one that is alone, or k of them at most alpha k / q.
    """
    hourly, daily = [], []
    for _ in range(stream.features):
        hour, day = _feature(rng, stream, days)
        hourly.append(hour)
        daily.append(day)
    simes = {3600: _simes(np.array(hourly)), DAY_S: _simes(np.array(daily))}
    return [
        int(sum((levels <= policy.alpha(period_s)).sum() for period_s, levels in simes.items()))
        for policy in policies
    ]


def _feature(rng: np.random.Generator, stream: Stream, days: int) -> tuple[Floats, Floats]:
    """Give the log p-values of a continuous feature's hours and days."""
    bins, baseline = counts.baseline_of(stream.m)
    population = counts.shares(rng, baseline)
    hours = np.zeros((days * HOURS, bins.cells))
    hours[:, 2:] = rng.multinomial(stream.rows_an_hour, population, size=len(hours))
    by_day = hours.reshape(days, HOURS, bins.cells).sum(axis=1)
    return _logs(bins, baseline, hours), _logs(bins, baseline, by_day)


def _logs(bins: NumberBins, baseline: Floats, windows: Floats) -> Floats:
    return least_log_p(Pair(bins, np.broadcast_to(baseline, windows.shape), windows))


def _simes(logs: Floats) -> Floats:
    """Give each period's least level at which Benjamini and Hochberg reject anything: [features, periods]."""
    ordered = np.sort(np.exp(logs), axis=0)
    return np.asarray((ordered * len(logs) / np.arange(1, len(logs) + 1)[:, None]).min(axis=0))
