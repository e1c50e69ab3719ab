"""scikit-learn's trees and forests against their lowerings."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
EXACT = {"relative": 0.0, "absolute": 0.0}


def points_of(model: Any) -> dict[int, Any]:
    trees = [estimator.tree_ for estimator in getattr(model, "estimators_", [model])]
    return {
        column: np.concatenate([tree.threshold[tree.feature == column] for tree in trees])
        for column in range(model.n_features_in_)
    }


def assert_exact(model: Any, rows: Any) -> None:
    pair = lower(model, rows)
    assert_same(pair, rows, **EXACT)
    assert_same(pair, rows[:1], **EXACT)
    assert_same(pair, beside_thresholds(rows, points_of(model)), **EXACT)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        DecisionTreeClassifier(max_depth=3, criterion="log_loss", random_state=0),
        ExtraTreeClassifier(random_state=0),
        RandomForestClassifier(20, random_state=0),
        RandomForestClassifier(10, min_samples_leaf=3, criterion="entropy", random_state=0),
        ExtraTreesClassifier(10, min_samples_leaf=2, random_state=0),
    ],
    ids=["tree", "shallow", "extra tree", "forest", "forest of impure leaves", "extra trees"],
)
@pytest.mark.parametrize(
    "classes", [[0, 1], ["benign", "malignant"], [False, True]], ids=["ints", "strings", "bools"]
)
def test_a_classifier_answers_bit_for_bit(model: Any, classes: Any) -> None:
    assert_exact(model.fit(CANCER, np.array(classes)[MALIGNANT]), CANCER)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(criterion="poisson", random_state=0),
        DecisionTreeRegressor(max_leaf_nodes=20, random_state=0),
        ExtraTreeRegressor(random_state=0),
        RandomForestRegressor(20, random_state=0),
        ExtraTreesRegressor(10, criterion="absolute_error", max_depth=4, random_state=0),
    ],
    ids=["poisson tree", "tree", "extra tree", "forest", "extra trees"],
)
def test_a_regressor_answers_bit_for_bit(model: Any) -> None:
    assert_exact(model.fit(DIABETES, PROGRESS), DIABETES)


def test_votes_that_tie_give_the_label_of_the_original() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 4)).round(1)
    labels = rng.integers(0, 3, 600)
    forest = RandomForestClassifier(7, min_samples_leaf=3, max_depth=4, random_state=0).fit(rows, labels)
    assert_exact(forest, rows)


def test_many_classes_are_summed_in_blocks() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(800, 5)), rng.integers(0, 50, 800)
    assert_exact(RandomForestClassifier(60, max_depth=4, random_state=0).fit(rows, labels), rows)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), RandomForestClassifier(5, random_state=0)])
def test_several_targets_with_different_numbers_of_classes(model: Any) -> None:
    targets = np.stack([SPECIES, SPECIES == 1], axis=1).astype(int)
    assert_exact(model.fit(IRIS, targets), IRIS)


@pytest.mark.parametrize("model", [DecisionTreeRegressor(max_depth=4), RandomForestRegressor(5)])
def test_several_values_to_a_row(model: Any) -> None:
    assert_exact(model.fit(DIABETES, np.stack([PROGRESS, -PROGRESS, PROGRESS**2], axis=1)), DIABETES)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(max_depth=5, random_state=0),
        RandomForestRegressor(10, random_state=0),
        ExtraTreesRegressor(10, random_state=0),
    ],
    ids=["tree", "forest", "extra trees"],
)
@pytest.mark.parametrize("trained", [True, False], ids=["trained with missing", "trained without"])
def test_a_missing_value_goes_where_the_tree_sends_it(model: Any, trained: Any) -> None:
    holes = np.where(np.random.default_rng(0).random(DIABETES.shape) < 0.2, np.nan, DIABETES)
    model.fit(holes if trained else DIABETES, PROGRESS)
    assert_same(lower(model, DIABETES), holes, **EXACT)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, np.nan], ids=str)
def test_what_scikit_learn_refuses_is_refused(value: Any) -> None:
    model = ExtraTreeRegressor(splitter="best", max_depth=3).fit(DIABETES, PROGRESS)
    row = DIABETES[:1].copy()
    row[0, 3] = value
    assert_both_refuse(lower(model, DIABETES), row)


@pytest.mark.parametrize("value", [np.inf, 1e39], ids=str)
def test_infinity_is_refused_where_missing_values_pass(value: Any) -> None:
    pair = lower(RandomForestClassifier(3, random_state=0).fit(IRIS, SPECIES), IRIS)
    row = IRIS[:1].copy()
    row[0, 2] = value
    assert_both_refuse(pair, row)


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(), RandomForestClassifier(3), RandomForestRegressor(3)]
)
def test_trees_that_never_split_still_answer(model: Any) -> None:
    assert_exact(model.fit(np.ones((20, 3)), np.arange(20) % 2), IRIS[:, :3])


def test_one_class_is_always_the_answer() -> None:
    assert_exact(RandomForestClassifier(3).fit(IRIS, np.array(["only"] * len(IRIS))), IRIS)


def test_leaves_become_columns() -> None:
    for sparse in (True, False):
        model = RandomTreesEmbedding(4, max_depth=3, sparse_output=sparse, random_state=0).fit(IRIS)
        assert_exact(model, IRIS)
