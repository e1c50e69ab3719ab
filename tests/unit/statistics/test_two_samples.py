"""Bounds on p-values of two samples, against every deal of the rows, and against exact tails far out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.statistics.deals import chances_of_sums, sample_with_sum, worst_ratio

from hythe.statistics.cuts import log_p_cuts
from hythe.statistics.hypergeometric import log_choose, log_tail, log_tails
from hythe.statistics.normal_scores import normal_scores
from hythe.statistics.permutation import log_p_score
from hythe.statistics.relative_entropy import log_p_entropy, relative_entropy

SMALL = [
    ((1,) * 12, 5), ((1,) * 12, 6), ((1, 3, 2, 4, 2), 4), ((6, 1, 6), 3), ((2, 2, 2, 2, 2, 2), 7),
    ((5, 9), 6), ((1,) * 14, 2), ((20, 20), 20), ((30, 8, 30), 20), ((10, 10, 10, 10), 12),
    ((200, 40), 30), ((3, 300), 40),
]  # fmt: skip


def exact_tail(hits: int, marked: int, drawn: int, others: int) -> float:
    """Add up the whole tail in whole numbers, and give its logarithm."""
    ways = sum(
        math.comb(marked, each) * math.comb(drawn + others - marked, drawn - each)
        for each in range(hits, min(marked, drawn) + 1)
    )
    share = Fraction(ways, math.comb(drawn + others, drawn))
    return math.log(share.numerator) - math.log(share.denominator) if ways else -math.inf


@pytest.mark.parametrize(
    ("marked", "drawn", "others"),
    [(10, 10, 30), (40, 100, 300), (500, 100, 10_000), (60, 1000, 100), (3, 2, 2)],
)
def test_a_hypergeometric_tail_is_never_bounded_too_low_and_hardly_too_high(
    marked: int, drawn: int, others: int
) -> None:
    for hits in range(min(marked, drawn) + 2):
        bound, exact = float(log_tail(hits, marked, drawn, others)), exact_tail(hits, marked, drawn, others)
        assert bound >= exact - 1e-9
        if exact < math.log(1e-6):
            assert bound <= exact + math.log(1.25) or bound == exact == -math.inf


def test_both_tails_together_are_those_of_each_alone() -> None:
    for marked, drawn, others in ((10, 10, 30), (40, 100, 300), (60, 1000, 100)):
        hits = np.arange(max(0, marked - others), min(marked, drawn) + 1)
        more, less = log_tails(hits, marked, drawn, others)
        assert more == pytest.approx(log_tail(hits, marked, drawn, others))
        assert less == pytest.approx(log_tail(marked - hits, marked, others, drawn))


def test_a_hypergeometric_tail_holds_at_one_in_10_to_the_150() -> None:
    bound, exact = float(log_tail(90, 120, 1000, 10_000)), exact_tail(90, 120, 1000, 10_000)
    assert exact < math.log(1e-60)
    assert exact <= bound <= exact + 0.05
    assert float(log_choose(11_000, 1000)) == pytest.approx(math.log(math.comb(11_000, 1000)), rel=1e-12)


@pytest.mark.parametrize(("totals", "n"), SMALL)
def test_any_borders_have_a_p_value_that_holds_for_every_deal(totals: Sequence[int], n: int) -> None:
    assert worst_ratio(log_p_cuts, totals, n) <= 1.0


@pytest.mark.parametrize("kind", ["mean", "spread", "places"])
@pytest.mark.parametrize(("totals", "n"), SMALL)
def test_scores_have_a_p_value_that_holds_for_every_deal(totals: Sequence[int], n: int, kind: str) -> None:
    scores = normal_scores(np.array(totals, dtype=np.float64))
    score = {**scores._asdict(), "places": np.arange(float(len(totals)))}[kind]
    assert worst_ratio(lambda one, other: log_p_score(one, other, score), totals, n) <= 1.0


@pytest.mark.parametrize(("totals", "n"), SMALL)
def test_relative_entropy_has_a_p_value_that_holds_for_every_deal(totals: Sequence[int], n: int) -> None:
    assert worst_ratio(log_p_entropy, totals, n) <= 1.0


def test_relative_entropy_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.dirichlet(np.ones(7), size=2)
    assert float(relative_entropy(one, other)) == pytest.approx(float(stats.entropy(one, other)))


@pytest.mark.parametrize(("n", "m", "shift"), [(300, 3000, 0.25), (100, 100, -0.6), (1000, 200, 0.3)])
def test_a_shift_has_about_the_p_value_of_wilcoxons_test(n: int, m: int, shift: float) -> None:
    rng = np.random.default_rng(n)
    one, other = rng.normal(shift, size=n), rng.normal(size=m)
    every = np.sort(np.concatenate([one, other]))
    counts = [np.isin(every, values).astype(np.float64) for values in (one, other)]
    ours = float(np.exp(log_p_score(counts[0], counts[1], np.linspace(-1.0, 1.0, n + m))))
    theirs = stats.mannwhitneyu(one, other).pvalue
    assert 1e-9 < theirs < 1e-2
    assert 0.7 * theirs < ours < 1.5 * theirs  # theirs is that of the normal distribution, which is near


@pytest.mark.parametrize(
    ("totals", "n"),
    [((10,) * 4, 12), ((30, 8, 30), 20), ((4,) * 10, 15), ((200, 40, 3), 30), ((20,) * 5, 50)],
)
def test_the_p_value_of_a_score_is_hardly_greater_than_the_exact_one(totals: Sequence[int], n: int) -> None:
    chances = chances_of_sums(totals, n)
    most = max(chances)
    for sum_ in range(most + 1):
        tail = sum(chance for found, chance in chances.items() if found >= sum_)
        if 1e-12 < tail < 0.1:
            one = sample_with_sum(totals, n, sum_)
            bound = math.exp(float(log_p_score(one, np.array(totals) - one, np.arange(float(len(totals))))))
            assert 2.0 * tail <= bound <= 2.0 * tail * (2.0 if tail > 1e-4 else 4.0)


def test_the_null_of_borders_holds_for_borders_that_the_data_chose() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(2000):
        pooled = rng.permutation(60)
        one = np.isin(np.arange(60), pooled[:20]).astype(np.float64)
        found.append(float(log_p_cuts(one, 1.0 - one)))
    smallest = np.sort(np.exp(found))
    assert (np.arange(1, 2001) / 2000 <= smallest * 1.3 + 0.01).all()


def test_empty_samples_prove_nothing() -> None:
    empty, some = np.zeros(3), np.array([1.0, 2.0, 3.0])
    tests: list[Any] = [log_p_cuts, log_p_entropy, lambda a, b: log_p_score(a, b, np.arange(3.0))]
    for test in tests:
        assert float(test(empty, some)) == float(test(some, empty)) == float(test(empty, empty)) == 0.0


def test_the_enumerated_deals_reach_far_into_the_tail() -> None:
    for test in (log_p_cuts, log_p_entropy, lambda a, b: log_p_score(a, b, np.array([-1.0, 1.0]))):
        assert float(test(np.array([20.0, 0.0]), np.array([0.0, 20.0]))) < math.log(1e-4)
