"""Powers of a sorted column add up to what the powers of its values do, one at a time, in whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hythe.statistics.powers import PowerSums, power_sums

FLOATS = st.one_of(st.floats(), st.floats(-10, 10), st.floats(-1e9, 1e9))
VALUES = arrays(np.float64, st.integers(0, 60), elements=FLOATS)
CENTRES = st.floats(-1e300, 1e300)
EXPONENTS = st.integers(-1073, 1024)


@given(VALUES, CENTRES, st.one_of(st.integers(-3, 5), EXPONENTS))
def test_the_sums_are_those_of_one_value_after_the_other(
    values: np.ndarray, centre: float, exponent: int
) -> None:
    sums, n, beyond = [0, 0, 0, 0], 0, 0
    for value in values[np.isfinite(values)]:
        with np.errstate(over="ignore"):
            apart = float(np.ldexp(value - centre, -exponent))
        n, beyond = n + (abs(apart) < 2**30), beyond + (abs(apart) >= 2**30)
        power = 1.0
        for order in range(4 if abs(apart) < 2**30 else 0):
            power *= apart
            sums[order] += round(Fraction(power) * 2**40)
    found = power_sums(np.sort(values), centre, exponent)
    assert (found.n, found.beyond, found.sums) == (n, beyond, tuple(sums))


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
def test_the_sums_are_those_of_whole_numbers_of_any_size(values: np.ndarray) -> None:
    found = power_sums(np.sort(values), 0.5, 1)
    assert found.sums == tuple(sum(whole(value, order) for value in values) for order in range(1, 5))


def whole(value: float, order: int) -> int:
    """Round a power of (value - 1/2) / 2 to multiples of 2⁻⁴⁰, as floats are multiplied and rounded."""
    apart = (value - 0.5) / 2
    power = math.prod([apart] * order, start=1.0)
    return round(Fraction(power) * 2**40)


def test_a_column_of_many_blocks_adds_up() -> None:
    values = np.sort(np.random.default_rng(3).standard_t(2, 100_000))
    parts = [power_sums(values[start : start + 999], 0.0, 0) for start in range(0, 100_000, 999)]
    assert sum(parts[1:], start=parts[0]) == power_sums(values, 0.0, 0)


def test_a_column_without_numbers_has_no_sums() -> None:
    values = np.array([-np.inf, np.inf, np.nan])
    assert power_sums(values, 2.0, 3) == PowerSums(2.0, 3)
