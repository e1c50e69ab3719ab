"""The exact test of one odds ratio against enumeration, Fisher's exact test, and its own level."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hythe.statistics.homogeneity import same_odds_p

CELLS = st.lists(st.integers(0, 30), min_size=4, max_size=4).filter(any)


def enumerated(one: list[int], other: list[int]) -> float:
    """Add up Zelen's conditional distribution in whole numbers."""
    weights = {}
    both = one[3] + other[3]
    for high in range(both + 1):
        weight = 1
        for (low, right, left, top), count in ((one, high), (other, both - high)):
            first, second, n = left + top, right + top, low + right + left + top
            fits = max(0, first + second - n) <= count <= min(first, second)
            weight *= comb(first, count) * comb(n - first, second - count) if fits else 0
        weights[high] = weight
    whole = sum(weights.values())
    below = sum(weight for high, weight in weights.items() if high <= one[3])
    above = sum(weight for high, weight in weights.items() if high >= one[3])
    return float(min(Fraction(1), Fraction(2 * min(below, above), whole)))


@given(one=CELLS, other=CELLS)
def test_it_is_the_enumerated_distribution(one: list[int], other: list[int]) -> None:
    assert same_odds_p(one, other) == pytest.approx(enumerated(one, other), rel=1e-9)


def test_against_an_endless_table_of_independence_it_is_fishers_exact_test() -> None:
    exact = stats.fisher_exact(np.array([[30, 10], [12, 28]]), alternative="greater").pvalue
    assert same_odds_p([30, 10, 12, 28], [10**7] * 4) == pytest.approx(2 * exact, rel=1e-4)


def test_it_knows_nothing_of_the_margins() -> None:
    one, moved = [400, 100, 100, 400], [4000, 1000, 10, 40]
    assert same_odds_p(one, moved) > 0.5
    assert same_odds_p(one, [250, 250, 250, 250]) < 1e-20


def test_it_is_below_alpha_at_most_as_often_as_alpha_says() -> None:
    rng = np.random.default_rng(3)
    windows = rng.multinomial(100, [0.35, 0.15, 0.1, 0.4], 4000)
    baselines = rng.multinomial(500, [0.35, 0.15, 0.1, 0.4], 4000)
    found = np.array([same_odds_p(a, b) for a, b in zip(windows.tolist(), baselines.tolist(), strict=True)])
    for alpha in (0.1, 0.01):
        assert (found <= alpha).mean() <= alpha + 3 * np.sqrt(alpha / len(found))


def test_large_tables_are_tested_far_into_the_tails() -> None:
    one, other = [26_000, 24_000, 24_000, 26_000], [500_000] * 4
    z = np.log(26 * 26 / (24 * 24)) / np.sqrt(2 / 26_000 + 2 / 24_000 + 4 / 500_000)
    assert np.log10(same_odds_p(one, other)) == pytest.approx(np.log10(2 * stats.norm.sf(z)), rel=0.02)
    assert same_odds_p([50_000, 0, 0, 50_000], other) == 1e-300
