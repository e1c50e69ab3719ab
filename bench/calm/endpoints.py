"""How often a whole endpoint alarms in one period, although nothing drifts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from calm import counts
from hythe.monitor.drift.evidence import log_p_values
from hythe.monitor.drift.pair import Pair
from hythe.monitor.examine import examine
from hythe.monitor.judge import LEAST_WEIGHT, adjust
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy

Floats = NDArray[np.float64]
AT_ONCE = 4000


def least_levels_of_counts(
    rng: np.random.Generator, m: int, n: int, features: int, repeats: int
) -> list[float]:
    """Draw endpoints as counts, and give each one's least level at which any of its features alarms.

    Half of the features are numbers and half are values; of one feature, every other repeat.
    """
    found: list[float] = []
    while len(found) < repeats:
        endpoints = min(max(1, AT_ONCE // features), repeats - len(found))
        tested = endpoints * features
        logs = np.concatenate([
            least_log_p(counts.numbers(rng, m, n, (tested + 1) // 2)),
            least_log_p(counts.values(rng, m, n, tested // 2)),
        ])  # fmt: skip
        found += [level(part, rng) for part in rng.permutation(logs).reshape(endpoints, features)]
    return found


def least_levels_of_rows(
    draw: Callable[[], Period], repeats: int, policy: MonitorPolicy | None = None
) -> list[float]:
    """Draw periods of rows, examine each with all checks, and give the least level that would alarm."""
    found = []
    for _ in range(repeats):
        report = examine(draw(), policy or MonitorPolicy(), 1e-12)
        adjusted = [each.details["adjusted_p"] for each in report.findings if each.p_value is not None]
        outright = any(each.verdict == "alarm" and each.p_value is None for each in report.findings)
        found.append(0.0 if outright else min(adjusted, default=1.0))
    return found


def least_log_p(pair: Pair) -> Floats:
    """Give each feature's log p-value."""
    return np.asarray(np.minimum.reduce(list(log_p_values(pair).values())))


def level(logs: Floats, rng: np.random.Generator | None = None) -> float:
    """Give the least level at which an endpoint alarms, its features weighted as the judge weighs them."""
    raw = np.ones(len(logs)) if rng is None else rng.lognormal(size=len(logs))
    raw = np.maximum(raw / raw.max(), LEAST_WEIGHT)
    return min(adjust(np.exp(logs).tolist(), (raw / raw.mean()).tolist()))


def share(levels: Sequence[float], alpha: float) -> float:
    """Give the share of endpoints that alarm at a level."""
    return float(np.mean([found <= alpha for found in levels]))


def allowed(alpha: float, repeats: int) -> float:
    """Give the level plus three standard errors of that many repeats."""
    return alpha + 3.0 * math.sqrt(alpha * (1.0 - alpha) / repeats)
