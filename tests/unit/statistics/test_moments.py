from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hythe.statistics.correlation import pearson, spearman
from hythe.statistics.exact import gram, mean, total
from hythe.statistics.moments import Moments, moments

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150])
def test_moments_are_those_of_scipy(scale: Any) -> None:
    values = RANDOM.lognormal(size=1001) * scale
    found = moments(values)
    said = stats.describe(values / scale)
    assert found.n == 1001
    assert found.mean == pytest.approx(said.mean * scale, rel=1e-14)
    assert found.variance == pytest.approx(said.variance * scale * scale, rel=1e-13)
    assert found.skewness == pytest.approx(said.skewness, rel=1e-13)
    assert found.kurtosis == pytest.approx(said.kurtosis, rel=1e-12)
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def test_the_mean_is_the_exact_mean_rounded() -> None:
    values = RANDOM.normal(size=500) * 10.0 ** RANDOM.integers(-15, 15, 500)
    exact = sum((Fraction(float(v)) for v in values), Fraction(0))
    assert total(values) == float(exact)
    assert mean(values) == pytest.approx(float(exact / 500), rel=1e-15)


def test_moments_leave_out_nan_and_infinities() -> None:
    assert moments(np.array([1.0, np.nan, 3.0, np.inf])) == moments(np.array([1.0, 3.0]))


def test_what_does_not_exist_is_none() -> None:
    assert moments(np.array([])) == Moments(0)
    assert moments(np.array([2.0])).variance is None
    assert moments(np.full(3, 0.1)) == Moments(3, 0.1, 0.0, None, None, 0.1, 0.1)
    assert moments(np.array([-1e308, 1e308])).variance is None


def test_integers_have_moments_too() -> None:
    assert moments(np.array([1, 2, 3], dtype=np.int8)).mean == 2.0


def test_gram_is_the_exact_product_to_the_last_bits() -> None:
    left, right = RANDOM.normal(size=(50, 2)), RANDOM.normal(size=(50, 3))
    found = gram(left, right)
    for i in range(2):
        for j in range(3):
            pairs = zip(left[:, i].tolist(), right[:, j].tolist(), strict=True)
            exact = sum(Fraction(a) * Fraction(b) for a, b in pairs)
            assert found[i, j] == pytest.approx(float(exact), abs=1e-14)


def test_gram_does_not_depend_on_the_order_of_the_rows() -> None:
    values = RANDOM.normal(size=(5000, 6)) * 10.0 ** RANDOM.integers(-8, 8, (5000, 6))
    shuffled = values[RANDOM.permutation(5000)]
    assert gram(values, values).tobytes() == gram(shuffled, shuffled).tobytes()


def lower(frame: pd.DataFrame) -> list[float]:
    matrix = frame.to_numpy()
    return [float(matrix[i, j]) for i in range(len(matrix)) for j in range(i)]


def flat(triangle: Any) -> Any:
    return [cell for row in triangle for cell in row]


def test_pearson_over_gaps_is_that_of_pandas() -> None:
    values = RANDOM.normal(100, 1, size=(400, 4)) @ RANDOM.normal(size=(4, 4))
    values[RANDOM.random(values.shape) < 0.2] = np.nan
    assert flat(pearson(values)) == pytest.approx(lower(pd.DataFrame(values).corr()), abs=1e-12)


def test_spearman_with_ties_is_that_of_scipy() -> None:
    values = RANDOM.integers(0, 10, size=(300, 3)).astype(float)
    values[:, 2] += values[:, 0]
    said = pd.DataFrame(np.asarray(stats.spearmanr(values).statistic).tolist())
    assert flat(spearman(values)) == pytest.approx(lower(said), abs=1e-12)


def test_correlations_do_not_depend_on_the_order_of_the_rows() -> None:
    values = RANDOM.lognormal(size=(999, 5))
    values[::7, 2] = np.nan
    shuffled = values[RANDOM.permutation(999)]
    assert pearson(values) == pearson(shuffled)
    assert spearman(values) == spearman(shuffled)


def test_a_column_that_does_not_vary_correlates_with_none() -> None:
    values = np.column_stack([np.full(5, 0.1), np.arange(5.0), np.array([1, np.nan, np.nan, np.nan, np.nan])])
    assert pearson(values) == ((), (None,), (None, None))


def test_a_perfect_line_is_one_and_huge_values_do_not_overflow() -> None:
    line = np.array([1.0, 2.0, 4.0])
    (_, (cell,)) = pearson(np.column_stack([line * 1e300, -line]))
    assert cell is not None
    assert math.isclose(cell, -1.0)
