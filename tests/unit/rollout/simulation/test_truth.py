"""What is taken to be true in a simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Invalid
from hythe.rollout.simulation.truth import Truth, Version, log_normal, slower

BOUNDS = 1e-6 * 10.0 ** (np.arange(181) / 20)
USUAL = log_normal(0.005, 0.025, BOUNDS)
ONE = Version(means={"error_rate": 0.01}, durations=USUAL)


def quantile(durations: tuple[float, ...], q: float) -> float:
    return float(BOUNDS[int(np.searchsorted(np.cumsum(durations), q))])


def test_a_log_normal_has_the_quantiles_that_it_was_given() -> None:
    # A bucket is 12.2% wide, and its upper end is what a histogram tells.
    assert 0.005 <= quantile(USUAL, 0.5) <= 0.005 * 1.123
    assert 0.025 <= quantile(USUAL, 0.99) <= 0.025 * 1.123
    assert sum(USUAL) == pytest.approx(1.0)


@given(st.floats(1.0, 10.0), st.floats(0.0, 0.1))
def test_slower_durations_are_what_single_ones_would_be(factor: float, more_s: float) -> None:
    rng = np.random.default_rng(1)
    # Inside its bucket the logarithm of a duration is even.
    places = rng.choice(len(USUAL), 20_000, p=USUAL)
    singles = BOUNDS[np.minimum(places, 180)] * 10.0 ** (-rng.random(20_000) / 20)
    later = singles * factor + more_s
    found = np.cumsum(slower(USUAL, BOUNDS, factor, more_s))[:-1]
    expected = np.searchsorted(np.sort(later), BOUNDS, side="right") / len(later)
    assert np.abs(found - expected).max() < 0.02


def test_durations_that_take_as_long_stay_as_they_are() -> None:
    assert slower(USUAL, BOUNDS) == pytest.approx(USUAL, abs=1e-12)


@pytest.mark.parametrize(
    ("means", "says"),
    [
        ({"error_rate": 1.5}, "error_rate is 1.5; give a number from 0 to 1"),
        ({"latency_p99": 0.1}, "latency_p99 follows from the durations"),
        ({"luck": 0.1}, "there is no metric 'luck'"),
    ],
)
def test_what_cannot_be_true_is_refused(means: dict[str, float], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        Truth(
            requests_per_s=500,
            champion=ONE,
            candidate=Version(means=means, durations=USUAL),
            bounds=tuple(BOUNDS),
        )


def test_a_99th_percentile_is_above_the_median() -> None:
    with pytest.raises(Invalid, match="give a longer second"):
        log_normal(0.02, 0.01, BOUNDS)
