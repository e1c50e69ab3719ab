"""Several targets answer as their originals do, side by side and in chains."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVR, LinearSVC

from hythe.testing.lowering import assert_lowers

ROWS = np.random.default_rng(0).normal(size=(60, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
INDICATOR = np.stack([VALUES > 0, VALUES > 1, VALUES < -1], axis=1).astype(int)
WORDS = np.stack([np.where(VALUES > 0, "up", "down"), np.array(["a", "b", "c"])[INDICATOR.sum(1)]], axis=1)
CLASSIFIERS = [LogisticRegression(), LinearSVC(), GaussianNB()]


@pytest.mark.parametrize("targets", [INDICATOR, WORDS], ids=["indicator", "words"])
@pytest.mark.parametrize("inner", CLASSIFIERS, ids=str)
def test_a_classifier_for_each_target_is_the_originals(inner: Any, targets: Any) -> None:
    assert_lowers(MultiOutputClassifier(inner).fit(ROWS, targets), ROWS)


@pytest.mark.parametrize("settings", [{}, {"order": [2, 0, 1]}, {"cv": 2}], ids=str)
@pytest.mark.parametrize("inner", CLASSIFIERS, ids=str)
def test_a_chain_of_classifiers_is_the_originals(inner: Any, settings: dict[str, Any]) -> None:
    assert_lowers(ClassifierChain(inner, **settings).fit(ROWS, INDICATOR), ROWS)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
def test_a_chain_may_pass_scores_on(method: str) -> None:
    model = ClassifierChain(LogisticRegression(), chain_method=method)
    assert_lowers(model.fit(ROWS, INDICATOR), ROWS)


@pytest.mark.parametrize("inner", [LinearRegression(), SVR()], ids=str)
@pytest.mark.parametrize("kind", [MultiOutputRegressor, lambda e: RegressorChain(e, order=[1, 0])])
def test_several_values_are_the_originals(kind: Any, inner: Any) -> None:
    assert_lowers(kind(inner).fit(ROWS, np.stack([VALUES, ROWS[:, 0] ** 2], axis=1)), ROWS)
