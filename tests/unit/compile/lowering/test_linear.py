"""Linear models answer as their originals do: values, decisions, links and probabilities."""

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LassoLars,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskLassoCV,
    Perceptron,
    PoissonRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.svm import LinearSVC, LinearSVR

from hythe.testing.lowering import assert_alike, assert_lowers

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(60, 4))
VALUES = ROWS @ [1.0, -2.0, 0.5, 0.0] + 0.1 * DRAW.normal(size=60)
TWO = VALUES > 0
THREE = np.digitize(VALUES, [-1, 1])
TARGETS = {
    "bool": TWO,
    "words": np.array(["no", "yes"])[TWO.astype(int)],
    "numbers": THREE,
    "three words": np.array(["a", "bb", "ccc"])[THREE],
}
ALONE = [
    "ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV",
    "Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "LinearRegression",
    "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "PassiveAggressiveRegressor",
    "QuantileRegressor", "Ridge", "RidgeCV", "TheilSenRegressor",
]  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_a_linear_regressor_answers_as_its_original(name: str) -> None:
    assert_lowers(getattr(linear_model, name)().fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize(
    "model",
    [
        LinearSVR(),
        SGDRegressor(),
        RANSACRegressor(random_state=0),
        RANSACRegressor(Lasso(0.1), min_samples=20, random_state=0),
        Ridge(fit_intercept=False),
        TweedieRegressor(),
    ],
    ids=str,
)
def test_settings_of_a_regressor_are_kept(model: Any) -> None:
    assert_lowers(model.fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize(
    "model", [LinearRegression(), Ridge(), RidgeCV(), ElasticNet(), LassoLars(), MultiTaskLassoCV()], ids=str
)
@pytest.mark.parametrize("count", [1, 2])
def test_several_targets_keep_their_axis(model: Any, count: int) -> None:
    both = np.stack([VALUES, ROWS[:, 0]], axis=1)[:, :count]
    assert_lowers(model.fit(ROWS, both), ROWS)


@pytest.mark.parametrize(
    "model",
    [
        PoissonRegressor(),
        GammaRegressor(),
        TweedieRegressor(power=1.5),
        TweedieRegressor(power=0, link="log"),
    ],
    ids=str,
)
def test_a_link_is_undone(model: Any) -> None:
    assert_lowers(model.fit(ROWS, np.exp(VALUES)), ROWS)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LogisticRegression(fit_intercept=False, C=100.0),
        LogisticRegressionCV(cv=2),
        RidgeClassifier(),
        RidgeClassifierCV(),
        SGDClassifier(random_state=0),
        SGDClassifier("log_loss", random_state=0),
        SGDClassifier("modified_huber", random_state=0),
        Perceptron(),
        LinearSVC(),
    ],
    ids=str,
)
def test_a_linear_classifier_answers_as_its_original(model: Any, target: str) -> None:
    assert_lowers(model.fit(ROWS, TARGETS[target]), ROWS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_passive_aggressive_classifier_answers_as_its_original(target: str) -> None:
    assert_lowers(linear_model.PassiveAggressiveClassifier().fit(ROWS, TARGETS[target]), ROWS)


def test_sparse_coefficients_are_read() -> None:
    assert_lowers(LogisticRegression().fit(ROWS, THREE).sparsify(), ROWS)


def test_ridge_answers_a_label_indicator() -> None:
    labels = np.stack([TWO, THREE > 1, THREE < 1], axis=1).astype(int)
    assert_lowers(RidgeClassifier().fit(ROWS, labels), ROWS)


def test_a_row_on_the_decision_boundary_is_the_first_class() -> None:
    model = Perceptron().fit(np.array([[-1.0], [1.0]]), [0, 1])
    model.coef_, model.intercept_ = np.array([[2.0]]), np.array([-1.0])
    assert_lowers(model, np.array([[0.5], [np.nextafter(0.5, 1)], [np.nextafter(0.5, 0)]]))


def test_a_one_class_machine_calls_a_row_at_zero_an_inlier() -> None:
    model = SGDOneClassSVM(random_state=0).fit(ROWS)
    assert_lowers(model, ROWS)
    model.coef_, model.offset_ = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5])
    assert_lowers(model, np.array([[0.5, 0, 0, 0], [np.nextafter(0.5, 0), 0, 0, 0], [1, 0, 0, 0]]))


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), Ridge(), SGDRegressor(random_state=0), LogisticRegression(), LinearSVC()],
    ids=str,
)
def test_single_precision_stays_single_and_overflows_where_the_original_does(model: Any) -> None:
    rows = ROWS.astype(np.float32)
    target = THREE if hasattr(model, "decision_function") else VALUES.astype(np.float32)
    pair = assert_lowers(model.fit(rows, target), rows, relative=1e-5, absolute=1e-6)
    assert_alike(pair, rows[:2] * np.float32(1e38), relative=1e-5, absolute=1e-6)
