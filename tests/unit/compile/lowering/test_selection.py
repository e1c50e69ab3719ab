"""Selectors pick the columns that the original picks, and check what it checks."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 5))
TARGET = (ROWS[:, 1] + ROWS[:, 3] + 0.3 * RANDOM.normal(size=60) > 0).astype(int)
ODD = np.array([[np.nan, 1.0, 2.0, 3.0, 4.0], [1.0, 1.0, np.inf, 3.0, 4.0], [0.0] * 5])
LOGISTIC = LogisticRegression()


@pytest.mark.parametrize(
    "selector",
    [
        VarianceThreshold(0.9),
        SelectKBest(k=2),
        SelectPercentile(percentile=50),
        GenericUnivariateSelect(mode="k_best", param=3),
        SelectFpr(alpha=0.9),
        SelectFdr(alpha=0.9),
        SelectFwe(alpha=0.9),
        SelectFromModel(RandomForestClassifier(5, random_state=0)),
        SelectFromModel(LOGISTIC),
        RFE(LOGISTIC, n_features_to_select=2),
        RFECV(LOGISTIC, min_features_to_select=2),
        SequentialFeatureSelector(LOGISTIC, n_features_to_select=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_same_columns_are_chosen(selector: Any) -> None:
    model = make_pipeline(selector, "passthrough" if not hasattr(selector, "predict") else LOGISTIC)
    assert_alike(lower(model.fit(ROWS, TARGET), ROWS), np.vstack([ROWS[:6], ODD]))


@pytest.mark.parametrize("estimator", [LOGISTIC, LinearRegression()], ids=["classifier", "regressor"])
def test_elimination_predicts_with_what_is_left(estimator: Any) -> None:
    model = RFE(estimator, n_features_to_select=2).fit(ROWS, TARGET)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:6], ODD]))


@pytest.mark.filterwarnings("ignore:No features were selected")
def test_a_choice_of_nothing_is_not_lowered() -> None:
    model = SelectFwe(alpha=1e-300).fit(ROWS, TARGET)
    with pytest.raises(CannotLower, match="no column"):
        lower(model, ROWS)
