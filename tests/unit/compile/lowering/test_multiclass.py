"""One against the rest, one against one, and output codes answer as their originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_lowers, lower

ROWS = np.random.default_rng(0).normal(size=(60, 3))
VALUES = ROWS @ [1.0, -2.0, 0.5]
THREE = np.digitize(VALUES, [-1, 1])
LABELS = {
    "two": np.array(["no", "yes"])[(VALUES > 0).astype(int)],
    "numbers": THREE,
    "words": np.array(["a", "b", "c"])[THREE],
}
INNER = [LogisticRegression(), GaussianNB(), LinearSVC(), SVC(), KNeighborsClassifier()]
INDICATOR = np.stack([VALUES > 0, VALUES > 1, np.ones(60)], axis=1).astype(int)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("inner", INNER, ids=str)
@pytest.mark.parametrize("kind", [OneVsRestClassifier, OneVsOneClassifier, OutputCodeClassifier])
def test_binary_estimators_make_the_originals_classes(kind: Any, inner: Any, labels: str) -> None:
    settings = {"random_state": 0} if kind is OutputCodeClassifier else {}
    assert_lowers(kind(inner, **settings).fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.parametrize("labels", LABELS)
def test_a_regressor_may_score_against_the_rest(labels: str) -> None:
    assert_lowers(OneVsRestClassifier(LinearRegression()).fit(ROWS, LABELS[labels]), ROWS)


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples:UserWarning")
@pytest.mark.parametrize("inner", INNER, ids=str)
def test_an_indicator_with_a_constant_label_is_answered(inner: Any) -> None:
    assert_lowers(OneVsRestClassifier(inner).fit(ROWS, INDICATOR), ROWS)


def test_a_regressor_of_pairs_stays_native() -> None:
    with pytest.raises(CannotLower, match="a classifier of one target"):
        lower(OneVsOneClassifier(LinearRegression()).fit(ROWS, THREE), ROWS)
