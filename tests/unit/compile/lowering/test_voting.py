"""Votes and stacks answer as their originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, SVR, LinearSVC

from hythe.testing.lowering import assert_lowers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROWS = np.random.default_rng(0).normal(size=(60, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "three": np.array(["a", "b", "c"])[np.digitize(VALUES, [-1, 1])],
}
CLASSIFIERS = [("a", LogisticRegression()), ("b", GaussianNB()), ("c", KNeighborsClassifier())]
REGRESSORS = [("a", Ridge()), ("b", SVR()), ("c", KNeighborsRegressor())]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("weights", [None, [1, 2, 0.3]], ids=["even", "weighted"])
@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_a_vote_is_the_originals(voting: str, weights: Any, labels: str) -> None:
    model = VotingClassifier(CLASSIFIERS, voting=voting, weights=weights)
    assert_lowers(model.fit(ROWS, LABELS[labels]), ROWS)


def test_a_dropped_estimator_has_no_vote() -> None:
    model = VotingClassifier(CLASSIFIERS, weights=[1, 2, 3]).set_params(b="drop")
    assert_lowers(model.fit(ROWS, LABELS["three"]), ROWS)


@pytest.mark.parametrize("weights", [None, [1, 2, 0.3]], ids=["even", "weighted"])
def test_a_mean_is_the_originals(weights: Any) -> None:
    assert_lowers(VotingRegressor(REGRESSORS, weights=weights).fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"passthrough": True}, {"stack_method": "predict"}, {"final_estimator": LinearSVC()}],
    ids=str,
)
def test_a_stack_of_classifiers_is_the_originals(settings: dict[str, Any], labels: str) -> None:
    inner = [*CLASSIFIERS, ("d", LinearSVC()), ("e", SVC())]
    assert_lowers(StackingClassifier(inner, cv=2, **settings).fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("count", [2, 3])
def test_a_stack_answers_an_indicator(count: int) -> None:
    indicator = np.stack([VALUES > 0, VALUES > 1, VALUES < 0.5], axis=1).astype(int)[:, :count]
    inner = [("k", KNeighborsClassifier()), ("m", MLPClassifier((3,), max_iter=10, random_state=0))]
    model = StackingClassifier(inner, final_estimator=KNeighborsClassifier(), cv=2)
    assert_lowers(model.fit(ROWS, indicator), ROWS)


@pytest.mark.parametrize("passthrough", [True, False])
def test_a_stack_of_regressors_is_the_originals(passthrough: bool) -> None:
    model = StackingRegressor(REGRESSORS, LinearRegression(), cv=2, passthrough=passthrough)
    assert_lowers(model.fit(ROWS, VALUES), ROWS)
