"""LightGBM against its lowering: thresholds, missing values of three kinds, categories, objectives."""

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PLANS = ["basic", "gold", "silver", "", "trial"]
EXACT: Any = {"relative": 0.0, "absolute": 0.0}
QUIET: Any = {"verbose": -1, "num_threads": 1, "min_child_samples": 5, "n_estimators": 15}


def points_of(model: Any) -> dict[int, Any]:
    found: dict[int, list[float]] = {}

    def walk(node: Any) -> None:
        if "threshold" in node:
            if node["decision_type"] == "<=":
                found.setdefault(node["split_feature"], []).append(node["threshold"])
            walk(node["left_child"])
            walk(node["right_child"])

    for tree in model.booster_.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return {column: np.array(points) for column, points in found.items()}


def with_holes(rows: Any, hole: Any = np.nan, seed: int = 0) -> Any:
    return np.where(np.random.default_rng(seed).random(rows.shape) < 0.15, hole, rows)


def table(rows: int = 600, seed: int = 0) -> Any:
    """A table with a category of strings, one of integers, an ordered one, and missing values."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": rng.normal(size=rows),
            "plan": pd.Categorical(rng.choice(PLANS, rows), categories=PLANS),
            "count": rng.integers(0, 9, rows),
            "region": pd.Categorical(rng.integers(0, 120, rows), categories=range(120)),
            "active": rng.random(rows) < 0.5,
            "size": pd.Categorical(rng.choice(list("sml"), rows), categories=list("sml"), ordered=True),
        }
    )
    for column in ("amount", "plan", "region", "size"):
        frame.loc[rng.random(rows) < 0.1, column] = None
    return frame


def outcome_of(frame: Any) -> Any:
    effect = frame["plan"].isin(["gold", ""]) * 2.0 + frame["region"].astype(float).fillna(50) % 7
    return (effect + frame["amount"].fillna(0.3) * 2 + (frame["size"] == "m") * 3).to_numpy()


@pytest.mark.parametrize("holes", [True, False], ids=["trained with missing", "trained without"])
def test_two_classes(holes: Any) -> None:
    names = np.array(["benign", "malignant"])[MALIGNANT]
    model = lightgbm.LGBMClassifier(**QUIET).fit(with_holes(CANCER) if holes else CANCER, names)
    pair = lower(model, CANCER)
    assert_same(pair, CANCER)
    assert_same(pair, CANCER[:1])
    assert_same(pair, with_holes(beside_thresholds(CANCER, points_of(model))))


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_three_classes(objective: Any) -> None:
    model = lightgbm.LGBMClassifier(objective=objective, **QUIET).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), with_holes(beside_thresholds(IRIS, points_of(model))))


@pytest.mark.parametrize(
    "objective",
    [
        "regression",
        "l1",
        "huber",
        "fair",
        "quantile",
        "mape",
        "poisson",
        "gamma",
        "tweedie",
        "xentropy",
        "xentlambda",
    ],
)
def test_each_objective_of_a_regressor(objective: Any) -> None:
    wanted = PROGRESS / 400 if objective.startswith("xent") else PROGRESS
    model = lightgbm.LGBMRegressor(objective=objective, **QUIET).fit(DIABETES, wanted)
    assert_same(lower(model, DIABETES), with_holes(beside_thresholds(DIABETES, points_of(model))))


def test_a_regressor_answers_bit_for_bit() -> None:
    model = lightgbm.LGBMRegressor(**QUIET).fit(with_holes(DIABETES), PROGRESS)
    pair = lower(model, DIABETES)
    assert_same(pair, with_holes(beside_thresholds(DIABETES, points_of(model))), **EXACT)


def test_the_root_of_the_target_is_squared_back() -> None:
    model = lightgbm.LGBMRegressor(reg_sqrt=True, **QUIET).fit(DIABETES, PROGRESS - 150)
    assert_same(lower(model, DIABETES), DIABETES)


def test_a_random_forest_is_averaged() -> None:
    settings: Any = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1, **QUIET}
    model = lightgbm.LGBMClassifier(**settings).fit(IRIS, SPECIES)
    assert_same(lower(model, IRIS), IRIS)


@pytest.mark.parametrize("boosting", ["dart", "gbdt"])
def test_other_boosting(boosting: Any) -> None:
    model = lightgbm.LGBMRegressor(boosting_type=boosting, extra_trees=True, **QUIET).fit(DIABETES, PROGRESS)
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)


def test_early_stopping_keeps_the_best_iteration() -> None:
    model = lightgbm.LGBMRegressor(**{**QUIET, "n_estimators": 80, "learning_rate": 0.5})
    stop = lightgbm.early_stopping(3, verbose=False)
    model.fit(DIABETES[:300], PROGRESS[:300], eval_X=DIABETES[300:], eval_y=PROGRESS[300:], callbacks=[stop])
    assert 0 < model.best_iteration_ < 80
    assert_same(lower(model, DIABETES), DIABETES, **EXACT)


def test_trees_after_the_best_iteration_are_left_out() -> None:
    model = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(DIABETES, PROGRESS), 9)
    model.best_iteration = 4
    found = lower(model, DIABETES).lowered_outcome(DIABETES).answers["value"]
    np.testing.assert_array_equal(found, np.asarray(model.predict(DIABETES)))
    assert not np.array_equal(found, np.asarray(model.predict(DIABETES, num_iteration=9)))


@pytest.mark.parametrize("settings", [{}, {"use_missing": False}, {"zero_as_missing": True}], ids=str)
def test_zero_and_missing(settings: Any) -> None:
    rng = np.random.default_rng(0)
    rows = np.where(rng.random((500, 4)) < 0.4, 0.0, rng.normal(size=(500, 4)))
    rows = np.where(rng.random(rows.shape) < 0.1, np.nan, rows)
    wanted = np.nan_to_num(rows[:, 0]) + (rows[:, 1] == 0) * 2 - np.isnan(rows[:, 2])
    model = lightgbm.LGBMRegressor(**settings, **QUIET).fit(rows, wanted)
    pair = lower(model, rows)
    edge = float(np.float32(1e-35))
    points = {column: np.array([0.0, edge, -edge, 1e-300, -1e-40]) for column in range(4)}
    assert_same(pair, rows, **EXACT)
    assert_same(pair, beside_thresholds(rows, points), **EXACT)
    assert_same(pair, beside_thresholds(rows, points_of(model)), **EXACT)


def test_infinity_is_answered_as_the_original_does() -> None:
    model = lightgbm.LGBMRegressor(**QUIET).fit(DIABETES, PROGRESS)
    rows = DIABETES[:40].copy()
    rows[::2, 2], rows[1::2, 2], rows[:, 8] = np.inf, -np.inf, 1e300
    assert_same(lower(model, DIABETES), rows, **EXACT)


@pytest.mark.parametrize("classes", [None, 2, 4], ids=["regression", "two classes", "four classes"])
def test_columns_of_categories(classes: Any) -> None:
    frame = table()
    wanted = outcome_of(frame)
    if classes is None:
        model = lightgbm.LGBMRegressor(min_data_per_group=5, cat_smooth=1, **QUIET).fit(frame, wanted)
    else:
        labels = np.searchsorted(np.quantile(wanted, np.arange(1, classes) / classes), wanted)
        model = lightgbm.LGBMClassifier(min_data_per_group=5, **QUIET).fit(frame, labels)
    assert '"=="' in str(model.booster_.dump_model()).replace("'", '"')
    pair = lower(model, frame)
    assert_same(pair, frame)
    assert_same(pair, frame[:1])
    assert_same(pair, table(300, seed=1))


def test_a_category_that_training_did_not_declare_goes_the_way_of_the_missing() -> None:
    frame = table()
    known = frame[frame["plan"] != "gold"].copy()
    known["plan"] = known["plan"].cat.remove_unused_categories()
    model = lightgbm.LGBMRegressor(**QUIET).fit(known, outcome_of(known))
    assert_same(lower(model, frame), frame, **EXACT)


def test_numbers_declared_as_categories_are_cut_to_whole_ones() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack([rng.normal(size=600), rng.integers(0, 9, 600), rng.integers(0, 90, 600)], axis=1)
    wanted = rows[:, 0] + (rows[:, 1] % 3) * 2 + np.sin(rows[:, 2] * 5)
    model = lightgbm.LGBMRegressor(min_data_per_group=5, cat_smooth=1, **QUIET)
    model.fit(rows, wanted, categorical_feature=[1, 2])
    others = np.stack([rng.normal(size=600), rng.uniform(-3, 12, 600), rng.uniform(-3, 99, 600)], axis=1)
    others[:8, 2] = [np.inf, -np.inf, 1e19, -1e19, 2**31, 2**32 + 5.0, -0.5, -1.0]
    assert_same(lower(model, rows), with_holes(others), **EXACT)


def test_wide_integers_in_an_array_are_read_in_single_precision() -> None:
    rows = np.arange(2**24, 2**24 + 400, dtype=np.int64).reshape(-1, 1)
    model = lightgbm.LGBMRegressor(**QUIET).fit(rows, np.arange(400.0))
    assert_same(lower(model, rows), rows, **EXACT)


def test_a_booster_gives_what_its_predict_gives() -> None:
    data = lightgbm.Dataset(IRIS, SPECIES)
    settings = {"verbose": -1, "objective": "multiclass", "num_class": 3, "num_threads": 1}
    model = lightgbm.train(settings, data, num_boost_round=5)
    found = lower(model, IRIS).lowered_outcome(IRIS).answers["value"]
    np.testing.assert_allclose(found, np.asarray(model.predict(IRIS)), rtol=1e-12)


def test_scores_of_exactly_zero_are_the_first_class() -> None:
    rows, labels = np.zeros((40, 1)), np.arange(40) % 2
    model = lightgbm.LGBMClassifier(**QUIET).fit(rows, labels)
    assert np.asarray(model.predict(rows)).tolist() == [0] * 40
    assert_same(lower(model, rows), rows)


def test_linear_leaves_are_refused_with_the_remedy() -> None:
    model = lightgbm.LGBMRegressor(linear_tree=True, **QUIET).fit(DIABETES, PROGRESS)
    with pytest.raises(CannotLower, match="linear_tree"):
        lower(model, DIABETES)
