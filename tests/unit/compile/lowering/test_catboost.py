"""CatBoost against its lowering: borders, missing values, tree shapes, categories."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from hythe.compile.lowering.catboost_model import read_model
from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_both_refuse, assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PLANS = ["basic", "gold", "silver", "", "trial"]
TIGHT: Any = {"relative": 1e-13, "absolute": 1e-13}
SMALL: Any = {
    "iterations": 12,
    "depth": 4,
    "verbose": 0,
    "thread_count": 1,
    "allow_writing_files": False,
    "random_seed": 0,
}


def points_of(model: Any) -> dict[int, Any]:
    return {column: np.array(points) for column, points in enumerate(model.get_borders().values())}


def with_holes(rows: Any, seed: int = 0) -> Any:
    return np.where(np.random.default_rng(seed).random(rows.shape) < 0.15, np.nan, rows)


def table(rows: int = 400, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": with_holes(rng.normal(size=rows), seed),
            "plan": pd.Categorical(rng.choice(PLANS, rows), categories=PLANS),
            "count": rng.integers(-2, 9, rows),
            "region": pd.Categorical(rng.integers(0, 12, rows), categories=range(12)),
            "active": rng.random(rows) < 0.5,
        }
    )


def outcome_of(frame: Any) -> Any:
    effect = frame["plan"].isin(["gold", ""]) * 2.0 + frame["region"].astype(int) % 7
    return (effect + frame["amount"].fillna(0.3) + frame["active"] + (frame["count"] == -1) * 3).to_numpy()


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise", "Lossguide"])
@pytest.mark.parametrize("nan_mode", ["Min", "Max"])
def test_two_classes_with_each_shape_of_tree(policy: Any, nan_mode: Any) -> None:
    model = CatBoostClassifier(grow_policy=policy, nan_mode=nan_mode, **SMALL)
    model.fit(with_holes(CANCER), np.array(["benign", "malignant"])[MALIGNANT])
    pair = lower(model, CANCER)
    assert_same(pair, CANCER, **TIGHT)
    assert_same(pair, CANCER[:1], **TIGHT)
    assert_same(pair, with_holes(beside_thresholds(CANCER, points_of(model))), **TIGHT)


@pytest.mark.parametrize("loss", ["MultiClass", "MultiClassOneVsAll"])
@pytest.mark.parametrize("names", [[0, 1, 2], ["u", "v", "w"]], ids=["ints", "strings"])
def test_three_classes(loss: Any, names: Any) -> None:
    model = CatBoostClassifier(loss_function=loss, **SMALL).fit(IRIS, np.array(names)[SPECIES])
    assert_same(lower(model, IRIS), with_holes(beside_thresholds(IRIS, points_of(model))), **TIGHT)


def test_three_classes_with_free_trees() -> None:
    model = CatBoostClassifier(grow_policy="Lossguide", **SMALL).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), IRIS, **TIGHT)


def test_boolean_classes() -> None:
    model = CatBoostClassifier(**SMALL).fit(CANCER, MALIGNANT == 1)
    assert_same(lower(model, CANCER), CANCER, **TIGHT)


def test_another_border_between_two_classes() -> None:
    model = CatBoostClassifier(**SMALL).fit(CANCER, MALIGNANT)
    model.set_probability_threshold(0.8)
    assert_same(lower(model, CANCER), CANCER, **TIGHT)


@pytest.mark.parametrize(
    "loss", ["RMSE", "MAE", "Quantile:alpha=0.3", "Poisson", "Tweedie:variance_power=1.5"]
)
def test_each_loss_of_a_regressor(loss: Any) -> None:
    model = CatBoostRegressor(loss_function=loss, **SMALL).fit(DIABETES, PROGRESS)
    pair = lower(model, DIABETES)
    assert_same(pair, with_holes(beside_thresholds(DIABETES, points_of(model))), **TIGHT)


@pytest.mark.parametrize("loss", ["MultiRMSE", "MultiQuantile:alpha=0.1,0.9"])
def test_several_values_to_a_row(loss: Any) -> None:
    wanted = np.stack([PROGRESS, -PROGRESS], axis=1) if loss == "MultiRMSE" else PROGRESS
    model = CatBoostRegressor(loss_function=loss, **SMALL).fit(DIABETES, wanted)
    assert_same(lower(model, DIABETES), DIABETES, **TIGHT)


def test_early_stopping_keeps_the_best_model() -> None:
    model = CatBoostRegressor(**{**SMALL, "iterations": 200, "learning_rate": 0.6})
    model.fit(
        DIABETES[:300], PROGRESS[:300], eval_set=(DIABETES[300:], PROGRESS[300:]), early_stopping_rounds=5
    )
    assert model.tree_count_ < 200
    assert_same(lower(model, DIABETES), DIABETES, **TIGHT)


def test_infinity_is_answered_as_the_original_does() -> None:
    model = CatBoostRegressor(**SMALL).fit(DIABETES, PROGRESS)
    rows = DIABETES[:40].copy()
    rows[::2, 2], rows[1::2, 2], rows[:, 8] = np.inf, -np.inf, 1e300
    assert_same(lower(model, DIABETES), rows, **TIGHT)


def test_a_bare_model_and_a_ranker_answer_scores() -> None:
    bare = CatBoost({**SMALL, "loss_function": "Logloss"}).fit(CANCER, MALIGNANT)
    assert_same(lower(bare, CANCER), CANCER, **TIGHT)
    ranker = CatBoostRanker(**SMALL).fit(IRIS, SPECIES, group_id=np.arange(150) // 15)
    assert_same(lower(ranker, IRIS), IRIS, **TIGHT)


@pytest.mark.parametrize("policy", ["SymmetricTree", "Lossguide"])
def test_columns_of_categories_compared_one_by_one(policy: Any) -> None:
    frame = table()
    columns = ["plan", "count", "region", "active"]
    model = CatBoostRegressor(cat_features=columns, one_hot_max_size=20, grow_policy=policy, **SMALL)
    model.fit(frame, outcome_of(frame))
    assert all(read_model(model).values_asked_for.values())
    pair = lower(model, frame)
    assert_same(pair, frame, **TIGHT)
    assert_same(pair, frame[:1], **TIGHT)
    assert_same(pair, table(300, seed=1), **TIGHT)
    row = frame[:1].copy()
    row["plan"] = pd.Categorical([None], categories=PLANS)
    assert_both_refuse(pair, row)


def test_categories_that_training_did_not_see_are_answered() -> None:
    frame = table()
    seen = frame["region"].astype(int) < 9
    model = CatBoostRegressor(cat_features=["plan", "region"], one_hot_max_size=20, **SMALL)
    model.fit(frame[seen], outcome_of(frame[seen]))
    assert_same(lower(model, frame), frame, **TIGHT)


@pytest.mark.parametrize(
    ("settings", "change", "reason"),
    [
        ({"one_hot_max_size": 2}, {}, "one_hot_max_size"),
        ({"one_hot_max_size": 20}, {"plan": str}, "pandas category"),
        ({"one_hot_max_size": 20}, {"count": lambda value: value + 10**6}, "beyond"),
    ],
    ids=["target statistics", "strings", "huge integers"],
)
def test_what_has_no_lowering_is_refused_with_the_reason(settings: Any, change: Any, reason: Any) -> None:
    frame = table()
    wanted = outcome_of(frame)
    for column, how in change.items():
        frame[column] = frame[column].astype(object).map(how)
        if column == "count":
            frame[column] = frame[column].astype("int64")
    model = CatBoostRegressor(cat_features=["plan", "count"], **settings, **SMALL)
    model.fit(frame.drop(columns="region"), wanted)
    with pytest.raises(CannotLower, match=reason):
        lower(model, frame.drop(columns="region"))
