"""Searches, frozen estimators and feature elimination answer with the estimator that they hold."""

from typing import Any

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the halving searches importable
from sklearn.feature_selection import RFE, RFECV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV

from hythe.testing.lowering import assert_lowers

ROWS = np.random.default_rng(0).normal(size=(60, 4))
VALUES = ROWS @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.array(["a", "b", "c"])[np.digitize(VALUES, [-1, 1])]
CHOICES = {"C": [0.1, 1.0]}


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(LogisticRegression(), CHOICES, cv=2),
        RandomizedSearchCV(LogisticRegression(), CHOICES, n_iter=2, cv=2, random_state=0),
        HalvingGridSearchCV(LogisticRegression(), CHOICES, cv=2, random_state=0),
        RFE(LogisticRegression(), n_features_to_select=2),
        RFECV(LogisticRegression(), cv=2),
        FrozenEstimator(LogisticRegression().fit(ROWS, LABELS)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_estimator_inside_answers(model: Any) -> None:
    assert_lowers(model.fit(ROWS, LABELS), ROWS)


def test_a_feature_that_was_left_out_is_checked_all_the_same() -> None:
    model = RFE(LinearRegression(), n_features_to_select=1).fit(ROWS, VALUES)
    assert_lowers(model, ROWS)
