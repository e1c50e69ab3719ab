"""What sums tell of bets, against the bets themselves."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from hythe.statistics.evidence.sums import Sums
from hythe.statistics.evidence.wealth import log_wealth

VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20)


@given(VALUES, st.floats(-0.95, 3.0), st.floats(-0.95, 3.0))
@settings(max_examples=300, deadline=None)
def test_sums_never_tell_more_than_the_wealth_was(values: list[float], at_0: float, at_1: float) -> None:
    wealth = sum(math.log1p(at_0 + (at_1 - at_0) * value) for value in values)
    two = log_wealth(at_0, at_1 - at_0, Sums.of(values)._replace(cubes=math.nan))
    three = log_wealth(at_0, at_1 - at_0, Sums.of(values))
    assert two - 1e-4 <= three <= wealth + 1e-4
    assert two <= wealth + 1e-9 * (1 + abs(wealth))


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1), st.floats(-0.95, 3.0), st.floats(-0.95, 3.0))
def test_of_values_of_0_and_1_they_tell_all(values: list[float], at_0: float, at_1: float) -> None:
    wealth = sum(math.log1p(at_0 + (at_1 - at_0) * value) for value in values)
    assert log_wealth(at_0, at_1 - at_0, Sums.of(values)) == pytest.approx(wealth, abs=1e-9)


@pytest.mark.parametrize(("at_0", "at_1"), [(-0.4, 0.9), (0.6, -0.8)])
def test_no_larger_bound_holds_for_all_values_with_these_sums(at_0: float, at_1: float) -> None:
    # The least expectation over all distributions on a fine grid with these moments, as a linear program.
    grid = np.linspace(0.0, 1.0, 2001)
    moments = [1.0, 0.3, 0.12, 0.06]
    for told in (3, 4):
        least = linprog(
            np.log1p(at_0 + (at_1 - at_0) * grid),
            A_eq=np.stack([grid**power for power in range(told)]),
            b_eq=moments[:told],
        ).fun
        found = log_wealth(at_0, at_1 - at_0, Sums(*moments[:told]))
        assert found == pytest.approx(least, abs=1e-5)


def test_the_cubes_of_values_that_are_rarely_large_tell_much() -> None:
    values = [0.0] * 70 + [0.25] * 25 + [0.5] * 5
    wealth = sum(math.log1p(0.4 - 1.3 * value) for value in values)
    three = log_wealth(0.4, -1.3, Sums.of(values))
    two = log_wealth(0.4, -1.3, Sums.of(values)._replace(cubes=math.nan))
    assert wealth - 0.3 < three < wealth
    assert two < wealth - 2.0


@pytest.mark.parametrize("cubes", [np.array([0.2, 0.0, 0.0]), math.nan])
def test_arrays_are_many_at_once(cubes: Any) -> None:
    many = Sums(np.array([5.0, 7.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.4, 0.0, 0.0]), cubes)
    each = [log_wealth(-0.3, 0.8, many.at(i)) for i in range(3)]
    np.testing.assert_allclose(log_wealth(-0.3, 0.8, many), each)
    assert each[2] == 0.0
