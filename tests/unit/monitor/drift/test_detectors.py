"""Each measure from counts, against scipy's on the raw data."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from tests.unit.monitor.drift.pairs import normals, numbers, values

from hythe.base.errors import Invalid
from hythe.monitor.drift import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    wasserstein,
)
from hythe.monitor.drift.pair import Pair
from hythe.statistics.bins import ValueBins, quantile_bins

DRAWS: dict[str, Any] = {
    "normal": lambda rng, size, moved: rng.normal(0.3 * moved, 1.0 + 0.5 * moved, size),
    "lognormal": lambda rng, size, moved: rng.lognormal(0.2 * moved, 1.0, size),
    "counts": lambda rng, size, moved: rng.poisson(4 + moved, size).astype(float),
    "spiked": lambda rng, size, moved: np.where(
        rng.random(size) < 0.4, 0.0, rng.exponential(1 + moved, size)
    ),
}


@pytest.fixture(params=[(name, moved) for name in DRAWS for moved in (0, 1)], ids=str)
def raw(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    name, moved = request.param
    rng = np.random.default_rng(len(name) + moved)
    return DRAWS[name](rng, 5000, 0), DRAWS[name](rng, 1200, moved)


def test_the_ks_distance_is_scipys_within_its_error(raw: tuple[Any, Any]) -> None:
    pair = numbers(*raw)
    ours, theirs = float(kolmogorov_smirnov.distance(pair)), stats.ks_2samp(*raw).statistic
    assert ours <= theirs + 1e-12
    assert theirs - ours <= float(kolmogorov_smirnov.error(pair)) < 0.45


def test_the_wasserstein_distance_is_scipys_within_its_error(raw: tuple[Any, Any]) -> None:
    pair, ends = numbers(*raw), (float(raw[1].min()), float(raw[1].max()))
    theirs = stats.wasserstein_distance(*raw)
    error = wasserstein.error(pair, *ends)
    assert abs(wasserstein.distance(pair, *ends) - theirs) <= error + 1e-12
    assert error < 0.2 * np.ptp(raw[0])


def test_the_wasserstein_distance_of_many_rows_is_close_to_scipys() -> None:
    rng = np.random.default_rng(0)
    baseline, window = rng.normal(size=50_000), rng.normal(0.5, 1.2, 20_000)
    ours = wasserstein.distance(numbers(baseline, window), float(window.min()), float(window.max()))
    assert ours == pytest.approx(stats.wasserstein_distance(baseline, window), rel=0.15)


def test_chi_square_and_cramers_v_are_scipys() -> None:
    rng = np.random.default_rng(3)
    baseline, window = rng.choice(list("abcd"), 900).tolist(), rng.choice(list("abce"), 400).tolist()
    pair = values([*baseline, None], window)
    table = np.array([pair.baseline, pair.window])
    table = table[:, table.sum(axis=0) > 0]
    assert float(chi_square.statistic(pair)) == pytest.approx(
        stats.chi2_contingency(table, correction=False).statistic
    )
    assert float(chi_square.cramers_v(pair)) == pytest.approx(
        stats.contingency.association(table.astype(int))
    )


def test_the_jensen_shannon_distance_is_scipys(raw: tuple[Any, Any]) -> None:
    pair = numbers(*raw)
    assert float(jensen_shannon.distance(pair)) == pytest.approx(jensenshannon(*pair.shares(), base=2))


def test_the_population_stability_index_is_both_relative_entropies() -> None:
    pair = values(["a"] * 5000 + ["b"] * 5000, ["a"] * 6000 + ["b"] * 4000)
    p, q = np.array([5000.5, 5000.5]) / 10_001, np.array([6000.5, 4000.5]) / 10_001
    assert float(population_stability_index.index(pair)) == pytest.approx(
        stats.entropy(p, q) + stats.entropy(q, p)
    )


@pytest.mark.parametrize("bins", [5, 10, 20])
def test_without_drift_the_index_is_a_scaled_chi_square(bins: int) -> None:
    rng = np.random.default_rng(bins)
    n, m = 2000, 5000
    shares = np.full(bins, 1.0 / bins)
    columns = ValueBins(tuple(range(bins)))
    baseline, window = (np.pad(rng.multinomial(size, shares, 4000), [(0, 0), (1, 1)]) for size in (m, n))
    found = population_stability_index.index(Pair.of(columns, baseline, window))
    scaled = stats.chi2(bins - 1, scale=1 / n + 1 / m)
    assert stats.kstest(found, scaled.cdf).pvalue > 1e-3
    assert float(population_stability_index.expected(Pair.of(columns, baseline[0], window[0]))) == (
        pytest.approx(scaled.mean())
    )


def test_many_features_at_once_are_tested_as_one_by_one() -> None:
    rng = np.random.default_rng(6)
    pairs = [normals(rng, 2000, 300, shift) for shift in (0.0, 0.1, 0.5)]
    bins = quantile_bins(rng.normal(size=2000))
    together = Pair.of(
        bins, np.array([pair.baseline for pair in pairs]), np.array([pair.window for pair in pairs])
    )
    for detector in (kolmogorov_smirnov, jensen_shannon, chi_square, wasserstein):
        one_by_one = [float(detector.log_p(pair)) for pair in pairs]
        assert detector.log_p(together).tolist() == pytest.approx(one_by_one)


def test_counts_over_other_bins_are_refused_in_a_sentence() -> None:
    with pytest.raises(Invalid, match="the baseline has 4 counts and the window 3 for 4 cells"):
        Pair.of(ValueBins(("a", "b")), (0, 1, 2, 0), (0, 1, 2))


def test_columns_without_any_value_move_nothing_and_measure_nothing() -> None:
    nothing = numbers(np.full(50, np.nan), np.full(20, np.nan))
    assert float(kolmogorov_smirnov.distance(nothing)) == wasserstein.distance(nothing) == 0.0
    for detector in (kolmogorov_smirnov, jensen_shannon, chi_square, wasserstein):
        assert float(detector.log_p(nothing)) == 0.0
    assert math.isclose(float(jensen_shannon.distance(nothing)), 0.0)


def share_of_paths_that_reach(distance: Fraction, n: int, m: int) -> Fraction:
    """Count the orders of n and m distinct values whose distribution functions come so far apart."""
    inside = [1] + [0] * m
    for row in range(n + 1):
        left = 0
        for column in range(m + 1):
            near = abs(Fraction(row, n) - Fraction(column, m)) < distance
            left = (inside[column] + left if row + column else 1) if near else 0
            inside[column] = left
    return 1 - Fraction(inside[m], math.comb(n + m, n))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (5, 7), (20, 20), (20, 33), (40, 200)])
def test_the_bound_on_the_ks_distance_holds_for_every_distance_however_unlikely(n: int, m: int) -> None:
    for steps in range(1, 13):
        distance = Fraction(steps, 12)
        exact = share_of_paths_that_reach(distance, n, m)
        bound = math.e * math.exp(-2.0 * float(distance) ** 2 * n * m / (n + m))
        assert float(exact) <= bound


def test_the_p_value_of_the_ks_distance_is_that_bound_on_a_shift_in_the_middle() -> None:
    pair = Pair.of(quantile_bins(np.array([0.0, 1.0])), (0, 0, 0, 500, 500, 0), (0, 0, 0, 350, 650, 0))
    by_distance = 1.0 - 2.0 * 0.15**2 * 500 + math.log(2.0)
    assert float(kolmogorov_smirnov.log_p(pair)) <= by_distance + 1e-9
    assert float(kolmogorov_smirnov.log_p(pair)) > by_distance - math.log(1e3)


def test_the_counted_paths_are_scipys_exact_p_value() -> None:
    rng = np.random.default_rng(8)
    found = stats.ks_2samp(rng.normal(size=20), rng.normal(0.8, 1.0, 33), method="exact")
    distance = Fraction(found.statistic).limit_denominator(20 * 33)
    assert float(share_of_paths_that_reach(distance, 20, 33)) == pytest.approx(found.pvalue, rel=1e-9)
