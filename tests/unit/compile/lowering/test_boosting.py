"""GradientBoosting against its lowering."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
EXACT = {"relative": 0.0, "absolute": 0.0}


def points_of(model: Any) -> dict[int, Any]:
    trees = [estimator.tree_ for estimator in model.estimators_.ravel()]
    return {
        column: np.concatenate([tree.threshold[tree.feature == column] for tree in trees])
        for column in range(model.n_features_in_)
    }


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("init", [None, "zero"])
def test_a_regressor_answers_bit_for_bit(loss: Any, init: Any) -> None:
    model = GradientBoostingRegressor(loss=loss, init=init, n_estimators=15, random_state=0)
    pair = lower(model.fit(DIABETES, PROGRESS), DIABETES)
    assert_same(pair, DIABETES, **EXACT)
    assert_same(pair, DIABETES[:1], **EXACT)
    assert_same(pair, beside_thresholds(DIABETES, points_of(model)), **EXACT)


@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
@pytest.mark.parametrize("init", [None, "zero"])
def test_two_classes(loss: Any, init: Any) -> None:
    model = GradientBoostingClassifier(loss=loss, init=init, n_estimators=15, random_state=0)
    names = np.array(["benign", "malignant"])[MALIGNANT]
    pair = lower(model.fit(CANCER, names), CANCER)
    assert_same(pair, beside_thresholds(CANCER, points_of(model)))


@pytest.mark.parametrize("init", [None, "zero"])
def test_three_classes(init: Any) -> None:
    model = GradientBoostingClassifier(init=init, n_estimators=10, random_state=0).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), beside_thresholds(IRIS, points_of(model)))


@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
def test_an_initial_classifier_begins_the_scores(loss: Any) -> None:
    model = GradientBoostingClassifier(
        loss=loss, init=DecisionTreeClassifier(max_depth=2), n_estimators=5, random_state=0
    )
    assert_same(lower(model.fit(CANCER, MALIGNANT), CANCER), CANCER)


def test_an_initial_classifier_of_three_classes_begins_the_scores() -> None:
    model = GradientBoostingClassifier(init=DecisionTreeClassifier(max_depth=1), n_estimators=5)
    assert_same(lower(model.fit(IRIS, SPECIES), IRIS), IRIS)


@pytest.mark.parametrize(
    "init", [DecisionTreeRegressor(max_depth=2), LinearRegression()], ids=["tree", "linear"]
)
def test_an_initial_regressor_begins_the_values(init: Any) -> None:
    model = GradientBoostingRegressor(init=init, n_estimators=5).fit(DIABETES, PROGRESS)
    assert_same(lower(model, DIABETES), DIABETES)


def test_a_score_of_zero_is_the_second_class() -> None:
    rows, labels = np.array([[0.0], [0.0], [1.0], [1.0]]), [0, 1, 0, 1]
    model = GradientBoostingClassifier(init="zero", n_estimators=1).fit(rows, labels)
    assert model.predict([[0.0]]).tolist() == [1]
    assert_same(lower(model, rows), rows)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39], ids=str)
def test_what_scikit_learn_refuses_is_refused(value: Any) -> None:
    pair = lower(GradientBoostingRegressor(n_estimators=3).fit(DIABETES, PROGRESS), DIABETES)
    row = DIABETES[:1].copy()
    row[0, 4] = value
    assert_both_refuse(pair, row)
