"""A feature's p-value: it holds whatever the data look like, and finds what it should."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.unit.monitor.drift.pairs import clean, normals, numbers, values

from hythe.monitor.drift.detectable import detectable
from hythe.monitor.drift.evidence import log_p_values
from hythe.monitor.drift.pair import Pair

REPEATS = 250
RATE_OF_A_FEATURE = 2e-4 / 30
"""What one of 30 features has at an alarm rate of 1 in 90 days, hourly."""
DRAWS: dict[str, Any] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "whole numbers": lambda rng, size: rng.integers(0, 80, size).astype(float),
    "many whole numbers": lambda rng, size: rng.integers(0, 2000, size).astype(float),
    "a spike": lambda rng, size: np.where(rng.random(size) < 0.4, 0.0, rng.exponential(size=size)),
    "missing": lambda rng, size: np.where(rng.random(size) < 0.1, np.nan, rng.normal(size=size)),
    "many words": lambda rng, size: rng.zipf(1.3, size).astype(str).tolist(),
    "words of one frequency": lambda rng, size: rng.integers(0, 1000, size).astype(str).tolist(),
    "names": lambda rng, size: rng.integers(0, 10**9, size).astype(str).tolist(),
    "yes or no": lambda rng, size: (rng.random(size) < 0.3).tolist(),
}


def least(pair: Pair) -> float:
    return float(min(found.min() for found in log_p_values(pair).values()))


def counted(baseline: Any, window: Any) -> Pair:
    return values(baseline, window) if isinstance(baseline, list) else numbers(baseline, window)


@pytest.mark.parametrize(("m", "n"), [(100, 100), (500, 100), (100, 2000)])
@pytest.mark.parametrize("kind", DRAWS)
def test_without_drift_small_p_values_are_no_more_often_than_they_say(kind: str, m: int, n: int) -> None:
    rng = np.random.default_rng(m + n)
    found = np.exp([least(counted(DRAWS[kind](rng, m), DRAWS[kind](rng, n))) for _ in range(REPEATS)])
    for level in (0.1, 0.03, 0.01):
        allowed = REPEATS * level
        assert (found <= level).sum() <= allowed + 3.0 * math.sqrt(allowed)


@pytest.mark.parametrize(("m", "n"), [(100, 100), (2000, 200), (1000, 20_000)])
def test_of_twenty_thousand_windows_no_more_alarm_than_they_say_far_out_either(m: int, n: int) -> None:
    rng = np.random.default_rng(m + n)
    found = np.concatenate([_least_of_each(clean(rng, m, n, 2000)) for _ in range(10)])
    for level in (0.05, 0.01, 1e-3, 1e-4):
        allowed = len(found) * level
        assert (found <= math.log(level)).sum() <= allowed + 3.0 * math.sqrt(allowed)


def _least_of_each(pair: Pair) -> Any:
    return np.minimum.reduce(list(log_p_values(pair).values()))


def test_a_shift_of_three_tenths_is_found_in_two_hundred_rows_at_one_in_a_thousand() -> None:
    rng = np.random.default_rng(16)
    found = [least(normals(rng, 2000, 200, 0.3)) < math.log(1e-3) for _ in range(100)]
    assert np.mean(found) > 0.5  # the best test of a normal mean finds 78% of them


def test_a_stretch_of_values_that_fills_is_found_though_mean_and_spread_stay() -> None:
    rng = np.random.default_rng(17)
    found = []
    for _ in range(60):
        window = rng.normal(size=200)
        taken = rng.random(200) < 0.3
        window[taken] = (rng.choice([-1.0, 1.0], 200) + rng.normal(0.0, 0.1, 200))[taken]
        found.append(least(numbers(rng.normal(size=2000), window)) < math.log(1e-3))
    assert np.mean(found) > 0.5


@pytest.mark.parametrize(("shift", "scale"), [(0.25, 1.0), (-0.25, 1.0), (0.0, 1.25), (0.0, 0.8)], ids=str)
def test_a_moved_or_stretched_normal_feature_is_found_most_of_the_time(shift: float, scale: float) -> None:
    rng = np.random.default_rng(11)
    found = [least(normals(rng, 10_000, 1000, shift, scale)) < math.log(RATE_OF_A_FEATURE) for _ in range(60)]
    assert np.mean(found) > 0.7


def test_a_new_category_in_two_of_a_hundred_rows_is_found() -> None:
    rng = np.random.default_rng(12)
    baseline = rng.choice(["a", "b", "c", "d"], 10_000, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    window = [*baseline[:980], *["e"] * 20]
    assert least(values(baseline, window)) < math.log(1e-9)


def test_missing_values_in_three_of_a_hundred_rows_are_found_where_there_were_none() -> None:
    rng = np.random.default_rng(13)
    window = rng.normal(size=1000)
    window[:30] = np.nan
    assert least(numbers(rng.normal(size=10_000), window)) < math.log(1e-9)


def test_a_default_value_that_fills_a_twentieth_of_the_rows_is_found() -> None:
    rng = np.random.default_rng(14)
    window = rng.normal(size=1000)
    window[:50] = 0.1234
    assert least(numbers(rng.normal(size=10_000), window)) < math.log(RATE_OF_A_FEATURE)


def test_other_units_are_found_in_a_hundred_rows() -> None:
    rng = np.random.default_rng(15)
    assert least(numbers(rng.gamma(3.0, 10.0, 2000), rng.gamma(3.0, 10.0, 100) * 1.609)) < math.log(1e-5)


@pytest.mark.parametrize(("n", "m"), [(300, 1000), (1000, 10_000)])
def test_what_is_called_detectable_is_detected_about_half_of_the_time(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    shift = detectable(n, m, RATE_OF_A_FEATURE).mean_sd
    found = [least(normals(rng, m, n, shift)) < math.log(RATE_OF_A_FEATURE) for _ in range(120)]
    assert 0.35 < np.mean(found) < 0.85
