"""Durations in buckets: each in its own, and quantiles within a bucket's width of the true ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.monitor.windows.timing import BOUNDS, Timing, timings

SECONDS = st.lists(st.floats(0, 2000), max_size=60).map(np.array)


def test_buckets_reach_from_a_microsecond_to_a_thousand_seconds_by_twelve_percent() -> None:
    assert BOUNDS[0] == pytest.approx(1e-6)
    assert BOUNDS[-1] == pytest.approx(1000)
    assert BOUNDS[1:] / BOUNDS[:-1] == pytest.approx(np.full(180, 10 ** (1 / 20)))


@given(SECONDS)
def test_each_duration_is_in_the_bucket_that_its_size_says(seconds: np.ndarray) -> None:
    expected: dict[int, int] = {}
    for value in seconds.tolist():
        place = sum(bound < value for bound in BOUNDS)
        expected[place] = expected.get(place, 0) + 1
    found = timings(seconds)
    assert found.buckets == expected
    assert found.total_ns == pytest.approx(sum(seconds.tolist()) * 1e9, abs=len(seconds))


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99, 1.0])
def test_a_quantile_is_at_most_a_buckets_width_above_the_true_one(q: float) -> None:
    seconds = np.random.default_rng(3).lognormal(-6, 1, 10_000)
    true = np.quantile(seconds, q, method="inverted_cdf")
    assert true <= timings(seconds).quantile(q) <= true * 10 ** (1 / 20)


def test_there_is_no_quantile_of_nothing_and_none_beyond_the_last_bound() -> None:
    assert math.isnan(Timing().quantile(0.5))
    assert timings(np.array([5000.0])).quantile(0.5) == math.inf


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    assert timings(np.array([-1.0])) == Timing(1, 0, {0: 1})
