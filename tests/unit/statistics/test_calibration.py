from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from hythe.statistics.calibration import brier_score, calibration_error, log_loss, reliability

RANDOM = np.random.default_rng(5)
SCORES = RANDOM.random(2000)
HITS = RANDOM.random(2000) < SCORES**2
THREE = RANDOM.dirichlet([1.0, 2.0, 3.0], 300)
TRUTH = RANDOM.integers(0, 3, 300)


def test_reliability_is_scikit_learns_calibration_curve() -> None:
    rates, means = calibration_curve(HITS, SCORES, n_bins=10)
    bins = reliability(SCORES, HITS)
    assert [item.rate for item in bins] == pytest.approx(rates.tolist())
    assert [item.score for item in bins] == pytest.approx(means.tolist())
    assert sum(item.n for item in bins) == 2000


def test_calibration_error_weighs_each_bin_by_its_rows() -> None:
    bins = reliability(np.array([0.05, 0.95, 0.95, 0.95]), np.array([True, True, True, False]))
    assert calibration_error(bins) == pytest.approx(0.25 * 0.95 + 0.75 * abs(2 / 3 - 0.95))


def test_scores_of_zero_and_one_have_bins() -> None:
    bins = reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert (bins[0].n, bins[-1].n) == (1, 1)
    assert calibration_error(bins) == 0.0


def test_the_brier_score_is_scikit_learns() -> None:
    two = np.column_stack([1 - SCORES, SCORES])
    assert brier_score(two, HITS.astype(np.intp)) == pytest.approx(brier_score_loss(HITS, SCORES))
    said = brier_score_loss(TRUTH, THREE, scale_by_half=False)
    assert brier_score(THREE, TRUTH) == pytest.approx(said)


def test_the_log_loss_is_scikit_learns_even_for_certain_scores() -> None:
    assert log_loss(THREE, TRUTH) == pytest.approx(sklearn_log_loss(TRUTH, THREE))
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert log_loss(certain, np.array([0, 0])) == pytest.approx(
        sklearn_log_loss([0, 0], certain, labels=[0, 1])
    )
