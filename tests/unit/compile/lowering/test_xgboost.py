"""XGBoost against its lowering: float32, missing values, categories, objectives, early stopping."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PLANS = ["basic", "gold", "silver", "", "trial"]
EXACT: Any = {"relative": 0.0, "absolute": 0.0}
SINGLE: Any = {"relative": 1e-5, "absolute": 1e-6}
SMALL: Any = {"n_estimators": 12, "max_depth": 4, "n_jobs": 1}


def points_of(model: Any) -> dict[int, Any]:
    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    part = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    found: dict[int, list[float]] = {}
    for tree in part.get("gbtree", part)["model"]["trees"]:
        for left, column, value in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True
        ):
            if left >= 0:
                found.setdefault(column, []).append(value)
    return {column: np.array(points, dtype=np.float32).astype(float) for column, points in found.items()}


def with_holes(rows: Any, hole: Any = np.nan, seed: int = 0) -> Any:
    return np.where(np.random.default_rng(seed).random(rows.shape) < 0.15, hole, rows)


def table(rows: int = 600, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=rows),
            "plan": pd.Categorical(rng.choice(PLANS, rows), categories=PLANS),
            "count": rng.integers(0, 9, rows),
            "region": pd.Categorical(rng.integers(0, 90, rows), categories=range(90)),
            "active": rng.random(rows) < 0.5,
        }
    )
    for column in ("amount", "plan", "region"):
        frame.loc[rng.random(rows) < 0.1, column] = None
    return frame


def outcome_of(frame: Any) -> Any:
    effect = frame["plan"].isin(["gold", ""]) * 2.0 + frame["region"].astype(float).fillna(50) % 7
    return (effect + frame["amount"].fillna(0.3) * 2).to_numpy()


@pytest.mark.parametrize("holes", [True, False], ids=["trained with missing", "trained without"])
@pytest.mark.parametrize("base", [None, 0.2], ids=["estimated base score", "given base score"])
def test_two_classes(holes: Any, base: Any) -> None:
    model = xgboost.XGBClassifier(base_score=base, **SMALL)
    model.fit(with_holes(CANCER) if holes else CANCER, MALIGNANT)
    pair = lower(model, CANCER)
    assert_same(pair, CANCER, **SINGLE)
    assert_same(pair, CANCER[:1], **SINGLE)
    assert_same(pair, with_holes(beside_thresholds(CANCER, points_of(model))), **SINGLE)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_three_classes(objective: Any) -> None:
    model = xgboost.XGBClassifier(objective=objective, **SMALL).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), with_holes(beside_thresholds(IRIS, points_of(model))), **SINGLE)


@pytest.mark.parametrize("objective", ["binary:hinge", "binary:logitraw"])
def test_other_objectives_of_two_classes(objective: Any) -> None:
    model = xgboost.XGBClassifier(objective=objective, **SMALL).fit(CANCER, MALIGNANT)
    assert_same(lower(model, CANCER), CANCER, **EXACT)


def test_several_labels_to_a_row() -> None:
    labels = np.stack([SPECIES == 1, SPECIES > 0], axis=1).astype(int)
    model = xgboost.XGBClassifier(**SMALL).fit(IRIS, labels)
    assert_same(lower(model, IRIS), IRIS, **SINGLE)


@pytest.mark.parametrize("base", [None, 3.25], ids=["estimated base score", "given base score"])
def test_a_regressor_answers_bit_for_bit(base: Any) -> None:
    model = xgboost.XGBRegressor(base_score=base, **SMALL).fit(with_holes(DIABETES), PROGRESS)
    pair = lower(model, DIABETES)
    assert_same(pair, with_holes(beside_thresholds(DIABETES, points_of(model))), **EXACT)


@pytest.mark.parametrize(
    "objective",
    [
        "reg:logistic",
        "reg:squaredlogerror",
        "reg:pseudohubererror",
        "reg:absoluteerror",
        "reg:gamma",
        "reg:tweedie",
        "count:poisson",
        "survival:cox",
    ],
)
def test_each_objective_of_a_regressor(objective: Any) -> None:
    wanted = PROGRESS / 400 if objective == "reg:logistic" else PROGRESS
    model = xgboost.XGBRegressor(objective=objective, **SMALL).fit(DIABETES, wanted)
    assert_same(lower(model, DIABETES), DIABETES, **SINGLE)


def test_several_quantiles_are_several_values() -> None:
    model = xgboost.XGBRegressor(objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], **SMALL)
    assert_same(lower(model.fit(DIABETES, PROGRESS), DIABETES), DIABETES, **EXACT)


def test_several_targets_are_several_values() -> None:
    model = xgboost.XGBRegressor(**SMALL).fit(DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1))
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)


def test_vectors_in_leaves_are_refused_with_the_reason() -> None:
    model = xgboost.XGBRegressor(multi_strategy="multi_output_tree", **SMALL)
    model.fit(DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1))
    with pytest.raises(CannotLower, match="multi_output_tree"):
        lower(model, DIABETES)


@pytest.mark.parametrize("objective", ["multi:softprob", "reg:squarederror"])
def test_dropped_trees_count_their_share(objective: Any) -> None:
    settings = {"booster": "dart", "rate_drop": 0.4, "one_drop": True, **SMALL}
    if objective == "reg:squarederror":
        model = xgboost.XGBRegressor(**settings).fit(DIABETES, PROGRESS)
        assert_same(lower(model, DIABETES), DIABETES, **EXACT)
    else:
        model = xgboost.XGBClassifier(**settings).fit(IRIS, SPECIES)
        assert_same(lower(model, IRIS), IRIS, **SINGLE)


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_random_forest_and_parallel_trees(parallel: Any) -> None:
    model = xgboost.XGBRFRegressor(n_estimators=8, max_depth=4, n_jobs=1).fit(DIABETES, PROGRESS)
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)
    boosted = xgboost.XGBClassifier(num_parallel_tree=parallel, subsample=0.5, **SMALL).fit(IRIS, SPECIES)
    assert_same(lower(boosted, IRIS), IRIS, **SINGLE)
    voted = xgboost.XGBRFClassifier(n_estimators=8, max_depth=4, n_jobs=1).fit(CANCER, MALIGNANT)
    assert_same(lower(voted, CANCER), CANCER, **SINGLE)


def test_early_stopping_keeps_the_best_iteration() -> None:
    settings = {**SMALL, "n_estimators": 60, "learning_rate": 0.6}
    model = xgboost.XGBRegressor(early_stopping_rounds=3, **settings)
    model.fit(DIABETES[:300], PROGRESS[:300], eval_set=[(DIABETES[300:], PROGRESS[300:])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)


def test_a_ranker_answers_scores() -> None:
    model = xgboost.XGBRanker(**SMALL).fit(IRIS, SPECIES, qid=np.arange(150) // 15)
    assert_same(lower(model, IRIS), IRIS, **SINGLE)


@pytest.mark.parametrize("missing", [0.0, -1.5, np.inf], ids=str)
def test_another_value_can_stand_for_missing(missing: Any) -> None:
    rows = with_holes(DIABETES, missing)
    model = xgboost.XGBRegressor(missing=missing, **SMALL).fit(rows, PROGRESS)
    assert_same(lower(model, rows), with_holes(rows, seed=1), **EXACT)


def test_infinity_is_answered_as_the_original_does() -> None:
    model = xgboost.XGBRegressor(**SMALL).fit(DIABETES, PROGRESS)
    rows = DIABETES[:40].copy()
    rows[::2, 2], rows[1::2, 2], rows[:, 8] = np.inf, -np.inf, 1e300
    assert_same(lower(model, DIABETES), rows, **EXACT)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_a_booster_refuses_infinity(value: Any) -> None:
    model = xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(DIABETES, PROGRESS), 5)
    pair = lower(model, DIABETES)
    assert_same(pair, with_holes(beside_thresholds(DIABETES, points_of(model))), **EXACT)
    row = DIABETES[:1].copy()
    row[0, 2] = value
    assert_both_refuse(pair, row)


def test_a_linear_booster_leaves_missing_cells_out() -> None:
    model = xgboost.XGBRegressor(booster="gblinear", n_estimators=12, n_jobs=1).fit(DIABETES, PROGRESS)
    pair = lower(model, DIABETES)
    assert_same(pair, with_holes(DIABETES), **SINGLE)
    row = DIABETES[:1].copy()
    row[0, 2] = np.inf
    assert_both_refuse(pair, row)


@pytest.mark.parametrize("onehot", [1, 200], ids=["sets", "one against the rest"])
@pytest.mark.parametrize("classes", [None, 2, 4], ids=["regression", "two classes", "four classes"])
def test_columns_of_categories(classes: Any, onehot: Any) -> None:
    frame = table()
    wanted = outcome_of(frame)
    settings = {"enable_categorical": True, "max_cat_to_onehot": onehot, **SMALL}
    if classes is None:
        model = xgboost.XGBRegressor(**settings).fit(frame, wanted)
    else:
        labels = np.searchsorted(np.quantile(wanted, np.arange(1, classes) / classes), wanted)
        model = xgboost.XGBClassifier(**settings).fit(frame, labels)
    pair = lower(model, frame)
    assert_same(pair, frame, **SINGLE)
    assert_same(pair, frame[:1], **SINGLE)
    assert_same(pair, table(300, seed=1), **SINGLE)


def test_categories_declared_in_another_order_keep_their_meaning() -> None:
    frame = table()
    model = xgboost.XGBRegressor(enable_categorical=True, **SMALL).fit(frame, outcome_of(frame))
    turned = frame.copy()
    turned["plan"] = frame["plan"].cat.reorder_categories(PLANS[::-1])
    assert_same(lower(model, turned), turned, **EXACT)


def test_a_declared_category_that_training_lacked_is_refused_with_the_reason() -> None:
    frame = table()
    model = xgboost.XGBRegressor(enable_categorical=True, **SMALL).fit(frame, outcome_of(frame))
    wider = frame.copy()
    wider["plan"] = frame["plan"].cat.add_categories(["bronze"])
    with pytest.raises(CannotLower, match="'bronze'"):
        lower(model, wider)


def test_numbers_declared_as_categories_are_cut_to_whole_ones() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack([rng.normal(size=600), rng.integers(0, 9, 600), rng.integers(0, 60, 600)], axis=1)
    model = xgboost.XGBRegressor(
        enable_categorical=True, feature_types=["q", "c", "c"], max_cat_to_onehot=1, **SMALL
    )
    model.fit(rows, rows[:, 0] + (rows[:, 1] % 3) * 2 + np.sin(rows[:, 2] * 5))
    others = np.stack([rng.normal(size=600), rng.uniform(-3, 12, 600), rng.uniform(-3, 70, 600)], axis=1)
    others[:6, 2] = [np.inf, -np.inf, 1e10, 2**24, -0.5, -1.0]
    assert_same(lower(model, rows), with_holes(others), **EXACT)


def test_what_a_sparse_matrix_leaves_out_is_missing() -> None:
    words = ["red green", "blue", "green blue blue", "red red", "white", "green white"] * 10
    model = make_pipeline(CountVectorizer(), xgboost.XGBRegressor(min_child_weight=0, **SMALL))
    model.fit(words, np.arange(60) % 6)
    assert_same(lower(model, words), words, **EXACT)


def test_scores_of_exactly_zero_are_the_first_class() -> None:
    rows, labels = np.zeros((40, 1)), np.arange(40) % 2
    model = xgboost.XGBClassifier(base_score=0.5, **SMALL).fit(rows, labels)
    assert model.predict(rows).tolist() == [0] * 40
    assert_same(lower(model, rows), rows, **EXACT)
