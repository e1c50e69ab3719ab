"""Isolation forests against their lowering."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest

from hythe.testing.lowering import assert_same, lower
from hythe.testing.thresholds import beside_thresholds

CANCER = load_breast_cancer(return_X_y=True)[0]


def points_of(model: Any) -> dict[int, Any]:
    found: dict[int, list[Any]] = {}
    for estimator, chosen in zip(model.estimators_, model.estimators_features_, strict=True):
        tree = estimator.tree_
        for node in np.flatnonzero(tree.children_left >= 0):
            found.setdefault(int(chosen[tree.feature[node]]), []).append(tree.threshold[node])
    return {column: np.array(points) for column, points in found.items()}


@pytest.mark.parametrize(
    "settings",
    [{}, {"max_features": 0.4, "max_samples": 50}, {"contamination": 0.1}, {"bootstrap": True}],
    ids=str,
)
def test_scores_and_labels_are_those_of_the_original(settings: Any) -> None:
    model = IsolationForest(n_estimators=20, random_state=0, **settings).fit(CANCER)
    pair = lower(model, CANCER)
    assert_same(pair, CANCER)
    assert_same(pair, CANCER[:1])
    assert_same(pair, beside_thresholds(CANCER, points_of(model)))


def test_rows_exactly_on_the_border_stay_inside() -> None:
    model = IsolationForest(n_estimators=5, contamination=0.1, random_state=0).fit(CANCER)
    border = np.abs(model.decision_function(CANCER)).argmin()
    model.offset_ = model.score_samples(CANCER[border : border + 1])[0]
    assert (model.decision_function(CANCER) == 0.0).any()
    assert_same(lower(model, CANCER), CANCER)


def test_infinite_and_missing_numbers_are_answered() -> None:
    model = IsolationForest(n_estimators=10, random_state=0).fit(CANCER)
    rows = CANCER[:60].copy()
    rows[::3, 4], rows[1::3, 7], rows[2::3, 9], rows[5, 5] = np.inf, -np.inf, np.nan, 1e300
    assert_same(lower(model, CANCER), rows)
