"""Neighbour models answer as their originals do: metrics, weights, ties, rows without neighbours."""

from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, assert_lowers, assert_same, lower

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(80, 3))
FRESH = DRAW.normal(size=(40, 3)) * 1.5
VALUES = ROWS @ [1.0, -2.0, 0.5]
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "three": np.digitize(VALUES, [-1, 1]),
    "labels": np.stack([VALUES > 0, VALUES > 1], axis=1).astype(int),
}
SEARCHES = ["kd_tree", "ball_tree", "brute"]
WEIGHTS = ["uniform", "distance"]


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("labels", LABELS)
def test_the_vote_of_the_nearest_is_the_originals(search: str, weights: str, labels: str) -> None:
    model = KNeighborsClassifier(weights=weights, algorithm=search).fit(ROWS, LABELS[labels])
    assert_same(assert_lowers(model, ROWS), FRESH)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("count", [1, 2])
def test_the_mean_of_the_nearest_is_the_originals(search: str, weights: str, count: int) -> None:
    values = VALUES if count == 1 else np.stack([VALUES, -VALUES], axis=1)
    model = KNeighborsRegressor(3, weights=weights, algorithm=search).fit(ROWS, values)
    assert_same(assert_lowers(model, ROWS), FRESH)


@pytest.mark.parametrize("search", ["auto", "brute"])
@pytest.mark.parametrize(
    ("metric", "settings"),
    [
        ("manhattan", {}),
        ("chebyshev", {}),
        ("minkowski", {"p": 3}),
        ("minkowski", {"p": 1.5, "metric_params": {"w": [1.0, 2.0, 3.0]}}),
        ("seuclidean", {"metric_params": {"V": [1.0, 2.0, 3.0]}}),
        ("mahalanobis", {"metric_params": {"VI": np.linalg.inv(np.cov(ROWS.T))}}),
        ("canberra", {}),
        ("braycurtis", {}),
        ("cosine", {}),
    ],
    ids=str,
)
def test_a_metric_is_the_originals(search: str, metric: str, settings: dict[str, Any]) -> None:
    if metric == "mahalanobis" and search == "brute":
        settings = {"metric_params": settings["metric_params"]}
    model = KNeighborsRegressor(metric=metric, weights="distance", algorithm=search, **settings)
    assert_same(lower(model.fit(ROWS, VALUES), ROWS), FRESH)


def test_a_metric_without_lowering_stays_native() -> None:
    with pytest.raises(CannotLower, match="correlation"):
        lower(KNeighborsRegressor(metric="correlation").fit(ROWS, VALUES), ROWS)


def test_weights_in_python_stay_native() -> None:
    model = KNeighborsRegressor(weights=lambda d: np.exp(-d)).fit(ROWS, VALUES)
    with pytest.raises(CannotLower, match="runs Python"):
        lower(model, ROWS)


def test_many_features_are_searched_by_brute_force_as_the_original_does() -> None:
    wide = DRAW.normal(size=(80, 20))
    model = KNeighborsClassifier().fit(wide, LABELS["three"])
    assert_same(assert_lowers(model, wide), wide[::-1] * 1.01)


def test_distances_computed_beforehand_are_ranked() -> None:
    table = np.abs(ROWS[:, :1] - ROWS[:, 0])
    model = KNeighborsRegressor(metric="precomputed").fit(table, VALUES)
    assert_same(lower(model, table), np.abs(FRESH[:, :1] - ROWS[:, 0]))


def test_a_row_whose_neighbours_are_infinitely_far_is_refused_as_its_weights_are_zero() -> None:
    model = KNeighborsClassifier(weights="distance", algorithm="kd_tree").fit(ROWS, LABELS["two"])
    assert_alike(lower(model, ROWS), np.array([[1e200, 0, 0], [0.0, 1, 2]]))


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("outlier", [None, "most_frequent"])
def test_a_vote_within_a_radius_is_the_originals(
    search: str, weights: str, labels: str, outlier: str | None
) -> None:
    model = RadiusNeighborsClassifier(0.8, weights=weights, algorithm=search, outlier_label=outlier)
    assert_alike(lower(model.fit(ROWS, LABELS[labels]), ROWS), np.vstack([ROWS[:5], FRESH, FRESH[:1] * 99]))


@pytest.mark.parametrize("search", SEARCHES)
def test_an_outlier_may_have_a_label_of_its_own(search: str) -> None:
    model = RadiusNeighborsClassifier(0.8, algorithm=search, outlier_label=7).fit(ROWS, LABELS["three"])
    assert_same(lower(model, ROWS), np.vstack([FRESH, FRESH[:1] * 99]))


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("values", [VALUES, LABELS["three"], np.stack([VALUES, -VALUES], axis=1)], ids=len)
def test_a_mean_within_a_radius_is_the_originals(search: str, weights: str, values: Any) -> None:
    model = RadiusNeighborsRegressor(0.8, weights=weights, algorithm=search).fit(ROWS, values)
    assert_same(lower(model, ROWS), np.vstack([FRESH, FRESH[:1] * 99]))


@pytest.mark.parametrize("search", SEARCHES)
def test_local_density_is_the_originals(search: str) -> None:
    model = LocalOutlierFactor(10, novelty=True, algorithm=search).fit(ROWS)
    assert_same(assert_lowers(model, ROWS), FRESH)
