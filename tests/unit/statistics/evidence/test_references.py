"""Each method beside its enumeration, and beside a second implementation (ville)."""

import math
from itertools import product

import numpy as np
import pytest
import ville
from scipy.stats import binom
from ville._boundaries import normal_mixture

from hythe.base.errors import Invalid
from hythe.statistics.evidence.asymptotic import asymptotic_interval
from hythe.statistics.evidence.counts import log_e_counts
from hythe.statistics.evidence.mixture import best_precision, one_sided, two_sided
from hythe.statistics.evidence.quantile import quantile_interval
from hythe.statistics.evidence.rate import log_e_one_sided, log_e_rate, rate_interval
from hythe.statistics.evidence.sample_ratio import log_e_sample_ratio

RNG = np.random.default_rng(5)
ALPHA = 0.05


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.3])
def test_the_interval_of_a_rate_is_villes(rate: float) -> None:
    values = (RNG.random(3000) < rate).astype(float)
    other = ville.BernoulliCS(alpha=ALPHA, intersect=False)
    other.update(values)
    for n in (1, 10, 500, 3000):
        low, high = rate_interval(int(values[:n].sum()), n, ALPHA)
        assert low == pytest.approx(other.lower_[n - 1], abs=1e-9)
        assert high == pytest.approx(other.upper_[n - 1], abs=1e-9)


@pytest.mark.parametrize("level", [0.05, 0.4])
def test_e_of_a_rate_is_1_on_average_at_the_level(level: float) -> None:
    n = 12
    e = [math.exp(log_e_rate(k, n, level)) for k in range(n + 1)]
    assert np.dot(binom.pmf(range(n + 1), n, level), e) == pytest.approx(1.0)


@pytest.mark.parametrize(("side", "inside"), [("above", 0.2), ("below", 0.5)])
def test_one_sided_e_is_1_on_average_at_most_wherever_the_hypothesis_holds(side: str, inside: float) -> None:
    n, level = 12, 0.3
    e = [math.exp(log_e_one_sided(k, n, level, side)) for k in range(n + 1)]  # type: ignore[arg-type]
    assert np.dot(binom.pmf(range(n + 1), n, level), e) == pytest.approx(1.0)
    assert np.dot(binom.pmf(range(n + 1), n, inside), e) < 1.0


def test_the_normal_mixtures_boundaries_are_villes() -> None:
    variance = np.array([1.0, 50.0, 4000.0])
    for precision in (2.0, 300.0):
        np.testing.assert_allclose(
            two_sided(variance, ALPHA, precision), normal_mixture(variance, ALPHA, precision), rtol=1e-12
        )
        np.testing.assert_allclose(
            one_sided(variance, ALPHA, precision), normal_mixture(variance, ALPHA, precision, one_sided=True)
        )


def test_the_best_precision_gives_the_lowest_boundary_where_it_is_wanted() -> None:
    best = best_precision(400.0, ALPHA)
    lowest = two_sided(400.0, ALPHA, best)
    assert all(two_sided(400.0, ALPHA, best * factor) >= lowest for factor in (0.5, 0.9, 1.1, 2.0))


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99])
def test_the_interval_of_a_quantile_is_villes_rounded_outwards_to_the_bounds(q: float) -> None:
    values = RNG.lognormal(size=4000)
    other = ville.QuantileCS(q=q, alpha=ALPHA, intersect=False)
    other.update(values)
    bounds = np.geomspace(0.01, 100.0, 400)
    counts = np.bincount(np.searchsorted(bounds, values), minlength=401)
    low, high = quantile_interval(counts.tolist(), bounds.tolist(), q, ALPHA)
    wanted_low, wanted_high = other.lower_[-1], other.upper_[-1]
    assert low == max((b for b in bounds if b < wanted_low), default=-math.inf)
    assert high == min((b for b in bounds if b >= wanted_high), default=math.inf)


def test_the_asymptotic_interval_is_villes() -> None:
    values = RNG.exponential(size=3000)
    other = ville.AsymptoticCS(alpha=ALPHA, t_opt=5000)
    other.update(values)
    low, high = asymptotic_interval(3000, float(values.mean()), float(values.var(ddof=1)), ALPHA)
    assert [low, high] == pytest.approx([other.lower_[-1], other.upper_[-1]])
    assert asymptotic_interval(99, 0.0, 1.0, ALPHA) == (-math.inf, math.inf)


def test_e_of_the_split_is_1_on_average_where_the_plan_is_kept() -> None:
    shares = (0.7, 0.2, 0.1)
    total = 0.0
    for fate in product(range(3), repeat=6):
        counts = [fate.count(arm) for arm in range(3)]
        chance = math.prod(shares[arm] for arm in fate)
        total += chance * math.exp(log_e_sample_ratio(counts, shares, prior=10.0))
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "hits", "share"), [(500, 61, 0.1), (40_000, 400, 0.01), (7, 7, 0.5)])
def test_of_two_arms_e_of_the_split_is_that_of_a_rate_whose_prior_is_as_heavy(
    n: int, hits: int, share: float
) -> None:
    rate = log_e_rate(hits, n, share, prior=(100.0 * share, 100.0 * (1.0 - share)))
    assert log_e_sample_ratio([n - hits, hits], [1.0 - share, share]) == pytest.approx(rate, abs=1e-6)


def test_a_mismatch_of_one_percent_point_is_found_in_a_hundred_thousand_requests() -> None:
    assert log_e_sample_ratio([89_000, 11_000], [0.9, 0.1]) > math.log(1000)
    assert log_e_sample_ratio([90_000, 10_000], [0.9, 0.1]) < 0.0


def test_events_of_both_arms_alike_raise_no_alarm_and_twice_as_many_do() -> None:
    assert log_e_counts(900, 100, share=0.1) < 0
    assert log_e_counts(900, 200, share=0.1) > math.log(1000)
    assert log_e_counts(900, 200, share=0.1, ratio=3.0) < 0


def test_numbers_that_make_no_sense_are_refused() -> None:
    with pytest.raises(Invalid, match="the level is 1"):
        log_e_rate(1, 2, 1.0)
    with pytest.raises(Invalid, match="3 of 2 is no count"):
        log_e_one_sided(3, 2, 0.5, "above")
    with pytest.raises(Invalid, match="the quantile is 0"):
        quantile_interval([1, 1], [1.0], 0.0, ALPHA)
    with pytest.raises(Invalid, match="2 counts for 2 bounds"):
        quantile_interval([1, 1], [1.0, 2.0], 0.5, ALPHA)
    with pytest.raises(Invalid, match="the shares are"):
        log_e_sample_ratio([1, 1], [0.5, 0.4])
    with pytest.raises(Invalid, match="1 counts and 2 shares"):
        log_e_sample_ratio([1], [0.5, 0.5])
    with pytest.raises(Invalid, match="the variance is -1"):
        asymptotic_interval(1000, 0.0, -1.0, ALPHA)
