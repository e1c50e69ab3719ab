"""Normal scores, against the quantiles that they are means of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hythe.statistics.normal_scores import normal_scores


def test_cells_score_the_mean_quantile_of_their_ranks() -> None:
    totals = np.array([3.0, 0.0, 40.0, 7.0, 50.0])
    found = normal_scores(totals)
    ends = np.concatenate([[0.0], np.cumsum(totals) / 100.0])
    for cell in (0, 2, 3, 4):
        ranks = np.linspace(ends[cell], ends[cell + 1], 400_001)
        z = stats.norm.ppf((ranks[1:] + ranks[:-1]) / 2.0)
        assert found.mean[cell] == pytest.approx(z.mean(), abs=1e-4)
        assert found.spread[cell] == pytest.approx((z**2).mean() - 1.0, abs=1e-3)
    assert found.mean[1] == found.spread[1] == 0.0


def test_both_scores_are_zero_on_average_whatever_the_ties() -> None:
    totals = np.random.default_rng(0).integers(0, 90, (50, 20)).astype(np.float64)
    for score in normal_scores(totals):
        assert (totals * score).sum(axis=-1) == pytest.approx(np.zeros(50), abs=1e-9)


def test_one_cell_or_none_scores_nothing() -> None:
    for totals in ([5.0], [0.0, 0.0], [0.0, 7.0, 0.0]):
        for score in normal_scores(np.array(totals)):
            assert score == pytest.approx(np.zeros(len(totals)), abs=1e-12)
