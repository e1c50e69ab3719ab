"""HistGradientBoosting against its lowering: thresholds in float64, missing values, categories."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PLANS = ["basic", "gold", "silver", "", "trial"]


def points_of(model: Any) -> dict[int, Any]:
    nodes = np.concatenate([tree.nodes for iteration in model._predictors for tree in iteration])
    nodes = nodes[nodes["is_leaf"] == 0]
    return {
        column: nodes["num_threshold"][nodes["feature_idx"] == column]
        for column in range(model.n_features_in_)
    }


def with_holes(rows: Any, seed: int = 0) -> Any:
    return np.where(np.random.default_rng(seed).random(rows.shape) < 0.15, np.nan, rows)


def table(rows: int = 500, seed: int = 0) -> Any:
    """A table with a category of strings, one of integers, one of booleans, and missing values in all."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=rows),
            "plan": pd.Categorical(rng.choice(PLANS, rows), categories=PLANS),
            "count": rng.integers(0, 9, rows),
            "region": pd.Categorical(rng.integers(0, 120, rows), categories=range(120)),
            "active": rng.random(rows) < 0.5,
            "score": rng.normal(size=rows).astype(np.float32),
        }
    )
    for column in ("amount", "plan", "region"):
        frame.loc[rng.random(rows) < 0.1, column] = None
    return frame


def outcome_of(frame: Any) -> Any:
    effect = frame["plan"].isin(["gold", ""]) * 2.0 + frame["region"].astype(float).fillna(50) % 7
    return (effect + frame["amount"].fillna(0.3) * 2 + frame["active"]).to_numpy()


@pytest.mark.parametrize("holes", [True, False], ids=["trained with missing", "trained without"])
def test_two_classes(holes: Any) -> None:
    rows = with_holes(CANCER) if holes else CANCER
    names = np.array(["benign", "malignant"])[MALIGNANT]
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(rows, names)
    pair = lower(model, rows)
    assert_same(pair, rows)
    assert_same(pair, rows[:1])
    assert_same(pair, with_holes(beside_thresholds(CANCER, points_of(model))))


def test_three_classes() -> None:
    model = HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), with_holes(beside_thresholds(IRIS, points_of(model))))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma", "quantile"])
def test_a_regressor_with_each_loss(loss: Any) -> None:
    quantile = 0.3 if loss == "quantile" else None
    model = HistGradientBoostingRegressor(loss=loss, quantile=quantile, max_iter=15, random_state=0)
    model.fit(with_holes(DIABETES), PROGRESS)
    exact = {} if loss in {"poisson", "gamma"} else {"relative": 0.0, "absolute": 0.0}
    assert_same(lower(model, DIABETES), with_holes(beside_thresholds(DIABETES, points_of(model))), **exact)


def test_early_stopping_keeps_the_trees_that_were_kept() -> None:
    model = HistGradientBoostingRegressor(early_stopping=True, n_iter_no_change=2, random_state=0)
    assert_same(lower(model.fit(DIABETES, PROGRESS), DIABETES), DIABETES, relative=0.0, absolute=0.0)


def test_infinity_is_answered_as_the_original_does() -> None:
    model = HistGradientBoostingRegressor(max_iter=10, random_state=0).fit(DIABETES, PROGRESS)
    rows = DIABETES[:40].copy()
    rows[::2, 2], rows[1::2, 2], rows[:, 8] = np.inf, -np.inf, 1e300
    assert_same(lower(model, DIABETES), rows, relative=0.0, absolute=0.0)


@pytest.mark.parametrize("classes", [None, 2, 4], ids=["regression", "two classes", "four classes"])
def test_columns_of_categories(classes: Any) -> None:
    frame = table()
    wanted = outcome_of(frame)
    if classes is None:
        model = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(frame, wanted)
    else:
        labels = np.searchsorted(np.quantile(wanted, np.arange(1, classes) / classes), wanted)
        model = HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(frame, labels)
    assert any(tree.nodes["is_categorical"].any() for iteration in model._predictors for tree in iteration)
    pair = lower(model, frame)
    assert_same(pair, frame)
    assert_same(pair, table(300, seed=1))
    assert_same(pair, frame[:1])


def test_a_category_that_training_did_not_see_counts_as_missing() -> None:
    frame = table()
    seen = frame["region"].astype(float).fillna(0) < 60
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0)
    model.fit(frame[seen], outcome_of(frame[seen]))
    assert_same(lower(model, frame), frame, relative=0.0, absolute=0.0)


def test_numbers_declared_as_categories() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack([rng.normal(size=400), rng.integers(0, 9, 400), rng.integers(-3, 90, 400) / 2], axis=1)
    model = HistGradientBoostingRegressor(categorical_features=[1, 2], max_iter=20, random_state=0)
    model.fit(rows, rows[:, 0] + (rows[:, 1] % 3) * 2 + np.sin(rows[:, 2] * 5))
    pair = lower(model, rows)
    others = np.stack(
        [rng.normal(size=400), rng.integers(-2, 12, 400), rng.integers(-9, 99, 400) / 4], axis=1
    )
    assert_same(pair, with_holes(others), relative=0.0, absolute=0.0)
    for column, value in [(1, np.inf), (2, -np.inf)]:
        row = rows[:1].copy()
        row[0, column] = value
        assert_both_refuse(pair, row)
