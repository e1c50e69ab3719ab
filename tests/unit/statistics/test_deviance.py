"""The deviance of two shares against exact hypergeometric tails and scipy's likelihood-ratio statistic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from hythe.statistics.deviance import signed_deviance


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.9])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (100, 10_000), (1000, 5000), (2000, 300)])
def test_a_normal_tail_of_the_deviance_is_at_least_two_thirds_of_the_exact_one(
    n: int, m: int, share: float
) -> None:
    total = max(1, round((n + m) * share))
    hits = np.arange(max(0, total - m), min(n, total) + 1)
    far = np.abs(signed_deviance(hits, n, total - hits, m))
    above = hits > n * total / (n + m)
    law = stats.hypergeom(n + m, total, n)
    exact = np.where(above, law.sf(hits - 1), law.cdf(hits))
    telling = (exact < 0.5) & (exact > 1e-12)
    assert (ndtr(-far)[telling] >= exact[telling] / 1.5).all()
    assert (ndtr(-far)[telling] <= exact[telling] * 10.0).all()


def test_without_the_half_row_it_is_the_likelihood_ratio_statistic() -> None:
    table = [[120.5, 79.5], [400.5, 599.5]]
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert signed_deviance(121, 200, 400, 1000) ** 2 == pytest.approx(expected)


def test_it_is_finite_where_one_side_has_no_hits_or_nothing_else() -> None:
    found = signed_deviance([0, 10, 50, 0], 50, [10, 0, 0, 0], 100)
    assert np.isfinite(found).all()
    assert found[0] < 0.0 < found[1] < found[2]
    assert found[3] == 0.0


def test_the_far_tail_of_a_rare_event_is_that_of_a_poisson_law_and_not_of_a_normal_one() -> None:
    [z] = signed_deviance([5], 1000, [10], 1_000_000)
    poisson = stats.poisson(1000 * 15 / 1_001_000).sf(4)
    assert math.log10(ndtr(-z)) == pytest.approx(math.log10(poisson), abs=1.0)
    assert stats.norm.logsf((5 - 0.01) / math.sqrt(0.01)) < -1000
