"""Bagging and AdaBoost against their lowerings, over trees and over other estimators."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
EXACT: Any = {"relative": 0.0, "absolute": 0.0}
NAMES = np.array(["setosa", "versicolor", "virginica"])


def points_of(model: Any) -> dict[int, Any]:
    width = model.n_features_in_
    features = getattr(model, "estimators_features_", [np.arange(width)] * len(model.estimators_))
    found: dict[int, list[float]] = {}
    for estimator, chosen in zip(model.estimators_, features, strict=True):
        tree = estimator.tree_
        for node in np.flatnonzero(tree.children_left >= 0):
            found.setdefault(int(chosen[tree.feature[node]]), []).append(tree.threshold[node])
    return {column: np.array(points) for column, points in found.items()}


@pytest.mark.parametrize("settings", [{}, {"max_features": 0.5}, {"bootstrap_features": True}], ids=str)
def test_bagged_trees_answer_bit_for_bit(settings: Any) -> None:
    classifier = BaggingClassifier(n_estimators=7, random_state=0, **settings).fit(IRIS, NAMES[SPECIES])
    assert_same(lower(classifier, IRIS), beside_thresholds(IRIS, points_of(classifier)), **EXACT)
    regressor = BaggingRegressor(n_estimators=7, random_state=0, **settings).fit(DIABETES, PROGRESS)
    assert_same(lower(regressor, DIABETES), beside_thresholds(DIABETES, points_of(regressor)), **EXACT)


def test_a_class_that_a_sample_lacks_counts_as_nothing() -> None:
    labels = np.where(np.arange(150) > 147, "rare", NAMES[SPECIES])
    base = LinearDiscriminantAnalysis()
    model = BaggingClassifier(base, n_estimators=5, max_samples=0.4, random_state=1).fit(IRIS, labels)
    assert any(len(estimator.classes_) < 4 for estimator in model.estimators_)
    assert_same(lower(model, IRIS), IRIS)


def test_estimators_without_probabilities_vote() -> None:
    model = BaggingClassifier(RidgeClassifier(), n_estimators=5, random_state=0).fit(IRIS, NAMES[SPECIES])
    assert_same(lower(model, IRIS), IRIS, **EXACT)


def test_bagged_trees_take_missing_values() -> None:
    holes = np.where(np.random.default_rng(0).random(DIABETES.shape) < 0.2, np.nan, DIABETES)
    model = BaggingRegressor(n_estimators=5, random_state=0).fit(holes, PROGRESS)
    assert_same(lower(model, DIABETES), holes, **EXACT)


def test_bagged_estimators_of_other_kinds() -> None:
    linear = BaggingRegressor(LinearRegression(), n_estimators=5, max_features=0.5, random_state=0)
    assert_same(lower(linear.fit(DIABETES, PROGRESS), DIABETES), DIABETES)
    forests = BaggingRegressor(RandomForestRegressor(3), n_estimators=3, random_state=0)
    assert_same(lower(forests.fit(DIABETES, PROGRESS), DIABETES), DIABETES)


def test_bagged_trees_with_several_values_to_a_row() -> None:
    model = BaggingRegressor(n_estimators=4, random_state=0).fit(DIABETES, np.stack([PROGRESS, -PROGRESS], 1))
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)


def test_infinity_in_a_column_that_no_tree_is_given_is_answered() -> None:
    model = BaggingRegressor(n_estimators=2, max_features=2, random_state=0).fit(DIABETES, PROGRESS)
    given = set(np.concatenate(model.estimators_features_).tolist())
    pair = lower(model, DIABETES)
    row = DIABETES[:1].copy()
    row[0, next(iter(set(range(10)) - given))] = np.inf
    assert_same(pair, row, **EXACT)
    row[0, next(iter(given))] = np.inf
    assert_both_refuse(pair, row)


@pytest.mark.parametrize("depth", [1, 3])
def test_boosted_votes_of_trees(depth: Any) -> None:
    base = DecisionTreeClassifier(max_depth=depth)
    model = AdaBoostClassifier(base, n_estimators=15, random_state=0).fit(CANCER, MALIGNANT)
    pair = lower(model, CANCER)
    assert_same(pair, beside_thresholds(CANCER, points_of(model)))
    assert_same(pair, CANCER[:1])
    several = AdaBoostClassifier(base, n_estimators=15, random_state=0).fit(IRIS, NAMES[SPECIES])
    assert_same(lower(several, IRIS), beside_thresholds(IRIS, points_of(several)))


def test_boosted_votes_of_other_estimators() -> None:
    base = LogisticRegression(max_iter=2000)
    for labels in (SPECIES, SPECIES == 1):
        model = AdaBoostClassifier(base, n_estimators=5, random_state=0).fit(IRIS, labels)
        assert_same(lower(model, IRIS), IRIS)


@pytest.mark.parametrize(
    "base",
    [None, ExtraTreeRegressor(max_depth=4), LinearRegression()],
    ids=["trees", "extra trees", "linear"],
)
@pytest.mark.parametrize("loss", ["linear", "exponential"])
def test_the_weighted_median(base: Any, loss: Any) -> None:
    model = AdaBoostRegressor(base, n_estimators=15, loss=loss, random_state=0).fit(DIABETES, PROGRESS)
    pair = lower(model, DIABETES)
    assert_same(pair, DIABETES, relative=1e-12, absolute=0.0)
    assert_same(pair, DIABETES[:1], relative=1e-12, absolute=0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39], ids=str)
def test_adaptive_boosting_refuses_what_is_not_finite(value: Any) -> None:
    for model in (
        AdaBoostClassifier(n_estimators=3).fit(DIABETES, PROGRESS > 140),
        AdaBoostRegressor(DecisionTreeRegressor(), n_estimators=3).fit(DIABETES, PROGRESS),
    ):
        row = DIABETES[:1].copy()
        row[0, 4] = value
        assert_both_refuse(lower(model, DIABETES), row)
