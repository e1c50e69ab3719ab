"""Calibrated and thresholded classifiers answer as their originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from hythe.testing.lowering import assert_lowers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
ROWS = np.random.default_rng(0).normal(size=(60, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "three": np.digitize(VALUES, [-1, 1]),
}
INNER = [LogisticRegression(), LinearSVC(), GaussianNB()]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("inner", INNER, ids=str)
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("ensemble", [True, False], ids=["ensemble", "alone"])
def test_calibrated_probabilities_are_the_originals(
    method: str, ensemble: bool, inner: Any, labels: str
) -> None:
    model = CalibratedClassifierCV(inner, method=method, ensemble=ensemble, cv=2)
    assert_lowers(model.fit(ROWS, LABELS[labels]), ROWS)


def test_a_frozen_classifier_is_calibrated() -> None:
    inner = FrozenEstimator(LinearSVC().fit(ROWS, LABELS["three"]))
    assert_lowers(CalibratedClassifierCV(inner).fit(ROWS, LABELS["three"]), ROWS)


@pytest.mark.parametrize("positive", ["no", "yes"])
@pytest.mark.parametrize("threshold", ["auto", 0.3])
@pytest.mark.parametrize("inner", INNER, ids=str)
def test_a_fixed_threshold_is_the_originals(inner: Any, threshold: Any, positive: str) -> None:
    model = FixedThresholdClassifier(inner, threshold=threshold, pos_label=positive)
    assert_lowers(model.fit(ROWS, LABELS["two"]), ROWS)


@pytest.mark.parametrize("inner", INNER, ids=str)
def test_a_tuned_threshold_is_the_originals(inner: Any) -> None:
    model = TunedThresholdClassifierCV(inner, cv=2, thresholds=10, random_state=0)
    assert_lowers(model.fit(ROWS, VALUES > 0), ROWS)


def test_a_score_on_the_threshold_is_a_yes() -> None:
    rows = np.array([[-1.0], [1.0], [0.25]])
    model = FixedThresholdClassifier(LinearSVC().fit(rows, [0, 1, 1]), response_method="decision_function")
    model.fit(rows, [0, 1, 1])
    model.estimator_.coef_, model.estimator_.intercept_ = np.array([[2.0]]), np.array([-1.0])
    assert_lowers(model, np.array([[0.5], [np.nextafter(0.5, 0)], [np.nextafter(0.5, 1)]]))
