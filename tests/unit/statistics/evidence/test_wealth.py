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


def sums_of(values: Any) -> Sums:
    v = np.asarray(values, dtype=float)
    return Sums(float(v.size), float(v.sum()), float((v * v).sum()))


@given(VALUES, st.floats(-0.95, 3.0), st.floats(-0.95, 3.0))
@settings(max_examples=300, deadline=None)
def test_sums_never_tell_more_than_the_wealth_was(values: list[float], at_0: float, at_1: float) -> None:
    wealth = sum(math.log1p(at_0 + (at_1 - at_0) * value) for value in values)
    assert log_wealth(at_0, at_1 - at_0, sums_of(values)) <= wealth + 1e-9 * (1 + abs(wealth))


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1), st.floats(-0.95, 3.0), st.floats(-0.95, 3.0))
def test_of_values_of_0_and_1_they_tell_all(values: list[float], at_0: float, at_1: float) -> None:
    wealth = sum(math.log1p(at_0 + (at_1 - at_0) * value) for value in values)
    assert log_wealth(at_0, at_1 - at_0, sums_of(values)) == pytest.approx(wealth, abs=1e-9)


@pytest.mark.parametrize(("at_0", "at_1"), [(-0.4, 0.9), (0.6, -0.8)])
def test_no_larger_bound_holds_for_all_values_with_these_sums(at_0: float, at_1: float) -> None:
    # The least expectation over all distributions on a fine grid with these moments, as a linear program.
    grid = np.linspace(0.0, 1.0, 2001)
    mean, square = 0.3, 0.12
    least = linprog(
        np.log1p(at_0 + (at_1 - at_0) * grid),
        A_eq=np.stack([np.ones_like(grid), grid, grid**2]),
        b_eq=[1.0, mean, square],
    ).fun
    assert log_wealth(at_0, at_1 - at_0, Sums(1.0, mean, square)) == pytest.approx(least, abs=1e-5)


def test_arrays_are_many_at_once() -> None:
    many = Sums(np.array([5.0, 7.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.4, 0.0, 0.0]))
    parts: Any = [*many]
    each = [log_wealth(-0.3, 0.8, Sums(*(float(part[i]) for part in parts))) for i in range(3)]
    np.testing.assert_allclose(log_wealth(-0.3, 0.8, many), each)
    assert each[2] == 0.0
