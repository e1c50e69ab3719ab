"""Fisher's exact test against scipy's, in the middle and far out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hythe.statistics.fisher import at_least, at_most, both_sides

TABLES = [(3, 10, 7, 40), (0, 5, 5, 10), (5, 5, 5, 10), (40, 1000, 100, 3000), (900, 1000, 1500, 100_000)]


@pytest.mark.parametrize(("found", "drawn", "marked", "total"), TABLES)
def test_both_tails_are_those_of_scipy(found: int, drawn: int, marked: int, total: int) -> None:
    law = stats.hypergeom(total, marked, drawn)
    assert at_least(found, drawn, marked, total) == pytest.approx(law.sf(found - 1), rel=1e-7)
    assert at_most(found, drawn, marked, total) == pytest.approx(law.cdf(found), rel=1e-7)


def test_one_side_is_fishers_exact_test() -> None:
    now, rows, before, rows_before = 12, 60, 30, 900
    table = np.array([[now, rows - now], [before, rows_before - before]])
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert both_sides(now, rows, before, rows_before) == pytest.approx(2 * expected, rel=1e-9)


def test_far_out_the_logarithm_is_that_of_exact_whole_numbers() -> None:
    drawn, marked, total = 2000, 1500, 50_000
    ways = sum(math.comb(marked, x) * math.comb(total - marked, drawn - x) for x in range(300, marked + 1))
    exact = math.log(ways) - math.log(math.comb(total, drawn))
    assert exact < math.log(1e-100)
    assert math.log(at_least(300, drawn, marked, total)) == pytest.approx(exact, rel=1e-9)


def test_what_is_too_small_for_a_float_is_not_zero() -> None:
    assert 0.0 < at_least(10**6, 10**6, 10**6, 10**8) < 1e-300


@pytest.mark.parametrize("found", range(-1, 8))
def test_the_tails_share_out_all_that_there_is(found: int) -> None:
    assert at_most(found - 1, 6, 7, 12) + at_least(found, 6, 7, 12) == pytest.approx(1.0, abs=1e-12)
