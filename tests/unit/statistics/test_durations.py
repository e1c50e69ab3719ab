"""Quantiles of durations, against all of them sorted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.statistics.durations import Durations

SECONDS = st.lists(st.floats(1e-6, 3600.0), min_size=1, max_size=200)


def counted(seconds: list[float]) -> Durations:
    found = Durations()
    for value in seconds:
        found.record(value)
    return found


@given(SECONDS, st.floats(0.001, 1.0))
def test_a_quantile_is_right_within_one_percent(seconds: list[float], share: float) -> None:
    exact = float(np.quantile(seconds, share, method="inverted_cdf"))
    assert exact * 0.999999 <= counted(seconds).quantile(share) <= exact * 1.0100001


@given(SECONDS, SECONDS)
def test_merging_is_counting_both(first: list[float], second: list[float]) -> None:
    merged = counted(first)
    merged.merge(counted(second))
    both = counted(first + second)
    assert (merged.bins, merged.count, merged.longest_s) == (both.bins, both.count, both.longest_s)
    assert merged.mean_s() == pytest.approx(np.mean(first + second))


def test_nothing_counted_has_no_quantile() -> None:
    assert math.isnan(Durations().quantile(0.5))
    assert math.isnan(Durations().mean_s())
