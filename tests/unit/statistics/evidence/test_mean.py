"""One mean against a level, beside simulation and a second implementation (ville)."""

import math
from typing import Any

import numpy as np
import pytest
import ville

from hythe.base.errors import Invalid
from hythe.statistics.evidence.mean import log_e_mean, mean_interval
from hythe.statistics.evidence.sums import Sums

ALPHA = 0.05
SIMULATIONS = 500


def running(values: Any) -> Sums:
    """Give the sums after each value, along the last axis."""
    shape = values.shape
    n = np.broadcast_to(np.arange(1.0, shape[-1] + 1.0), shape)
    return Sums(n, *((values**power).cumsum(axis=-1) for power in (1, 2, 3)))


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize(("a", "b"), [(0.05, 0.45), (1.0, 9.0), (50.0, 450.0)])
def test_looking_after_every_value_raises_no_more_false_alarms_than_stated(
    side: Any, a: float, b: float
) -> None:
    values = np.random.default_rng(3).beta(a, b, (SIMULATIONS, 600))
    most = log_e_mean(running(values), a / (a + b), side).max(axis=1)
    assert np.mean(most >= -math.log(ALPHA)) <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / SIMULATIONS) ** 0.5


def test_the_interval_covers_at_every_look_and_is_hardly_wider_than_villes_betting() -> None:
    rng, ours, theirs, missed = np.random.default_rng(4), [], [], 0
    for _ in range(10):
        values = rng.beta(2.0, 8.0, 400)
        other = ville.BettingCS(alpha=ALPHA, intersect=False)
        other.update(values)
        sums = running(values)
        for n in (50, 400):
            low, high = mean_interval(sums.at(n - 1), ALPHA)
            missed += not low <= 0.2 <= high
            ours.append(high - low)
            theirs.append(other.upper_[n - 1] - other.lower_[n - 1])
    assert missed <= 2
    # Ours is made of sums alone, theirs of every value; `log_wealth` is the best that sums allow.
    assert 0.8 < np.mean(ours) / np.mean(theirs) < 1.1


def test_a_shadow_that_never_differed_is_soon_known_to_differ_less_than_a_tenth() -> None:
    assert log_e_mean(Sums(20.0, 0.0, 0.0), 0.1, "below") < -math.log(ALPHA)
    assert log_e_mean(Sums(80.0, 0.0, 0.0), 0.1, "below") > -math.log(ALPHA)
    low, high = mean_interval(Sums(400.0, 0.0, 0.0), ALPHA)
    assert low == 0.0
    assert 0.0 < high < 0.02
    assert mean_interval(Sums(400.0, 400.0, 400.0), ALPHA)[1] == 1.0
    assert mean_interval(Sums(0.0, 0.0, 0.0), ALPHA) == (0.0, 1.0)


def test_values_that_vary_less_tell_more() -> None:
    wide = log_e_mean(Sums(200.0, 30.0, 30.0), 0.1, "above")
    narrow = log_e_mean(Sums(200.0, 30.0, 5.0), 0.1, "above")
    assert narrow > wide + 3.0


def test_a_level_outside_the_values_is_refused() -> None:
    with pytest.raises(Invalid, match=r"the level is 1\.0"):
        log_e_mean(Sums(1.0, 0.0, 0.0), 1.0, "above")
