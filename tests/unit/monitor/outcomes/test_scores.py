"""One answer's scores are those of scikit-learn's metrics on one row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
)

from hythe.monitor.outcomes.scores import outcome_scores

CLASSES = ["a", "b", "c"]
WEIGHTS = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(lambda found: sum(found) > 0.01)


@given(WEIGHTS, st.sampled_from(CLASSES))
def test_probabilities_are_scored_as_scikit_learn_does(weights: list[float], outcome: str) -> None:
    probabilities = (np.array(weights) / sum(weights)).tolist()
    label = CLASSES[int(np.argmax(probabilities))]
    found = outcome_scores(
        {"label": label, "probabilities": probabilities}, {"probabilities": CLASSES}, outcome
    )
    assert found["accuracy"] == accuracy_score([outcome], [label])
    brier = brier_score_loss([outcome], [probabilities], labels=CLASSES, scale_by_half=True)
    assert found["brier"] == pytest.approx(brier, abs=1e-12)
    assert found["log_loss"] == pytest.approx(log_loss([outcome], [probabilities], labels=CLASSES), abs=1e-9)


@given(st.floats(0.0, 1.0), st.booleans())
def test_a_binary_brier_score_is_the_square_of_what_was_missing(p: float, outcome: bool) -> None:
    found = outcome_scores(
        {"label": p > 0.5, "probabilities": [1.0 - p, p]}, {"probabilities": [False, True]}, outcome
    )
    assert found["brier"] == pytest.approx((p - float(outcome)) ** 2, abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss([outcome], [p], pos_label=True), abs=1e-12)


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=4),
)
def test_numbers_are_scored_as_scikit_learn_does(pairs: list[tuple[float, float]]) -> None:
    answer, outcome = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = outcome_scores({"value": answer}, {}, outcome)
    assert found["absolute_error"] == pytest.approx(mean_absolute_error([outcome], [answer]))
    assert found["squared_error"] == pytest.approx(mean_squared_error([outcome], [answer]))
    one = outcome_scores({"value": answer[0]}, {}, outcome[0])
    assert one["absolute_error"] == pytest.approx(abs(answer[0] - outcome[0]))


@pytest.mark.parametrize(
    ("outputs", "classes", "outcome", "accuracy"),
    [
        ({"label": 1}, {}, 1.0, 1.0),
        ({"label": True}, {}, True, 1.0),
        ({"label": -1, "score": 0.3}, {}, 1, 0.0),
        ({"label": ["a", 1]}, {}, ["a", 1], 1.0),
        ({"label": ["a", 1]}, {}, ["a", 2], 0.0),
        ({"value": "red"}, {}, "red", 1.0),
        ({"scores": [0.1, 0.9]}, {"scores": ["no", "yes"]}, "yes", 1.0),
    ],
    ids=["whole", "truth", "outlier", "several right", "one of several wrong", "text value", "scores alone"],
)
def test_a_label_is_right_or_wrong(outputs: Any, classes: Any, outcome: Any, accuracy: float) -> None:
    assert outcome_scores(outputs, classes, outcome)["accuracy"] == accuracy


@pytest.mark.parametrize(
    ("outputs", "classes", "outcome"),
    [
        ({}, {}, 1),
        ({"label": "1"}, {}, 1),
        ({"label": 1, "probabilities": [0.5, 0.5]}, {"probabilities": [0, 1]}, "1"),
        ({"value": 1.0}, {}, "one"),
        ({"value": [1.0, 2.0]}, {}, [1.0]),
        ({"label": ["a", "b"]}, {}, "a"),
        ({"label": ["a", "b"]}, {}, ["a", 1]),
    ],
    ids=["nothing", "text for number", "number for text", "text", "too few", "one", "mixed"],
)
def test_what_cannot_be_compared_is_not_scored(outputs: Any, classes: Any, outcome: Any) -> None:
    assert outcome_scores(outputs, classes, outcome) == {}


def test_an_answer_that_is_no_number_is_as_wrong_as_can_be() -> None:
    missing = {"label": "a", "probabilities": [None, None, None]}
    found = outcome_scores(missing, {"probabilities": CLASSES}, "a")
    worst = outcome_scores({"label": "b", "probabilities": [0, 1, 0]}, {"probabilities": CLASSES}, "a")
    assert (found["brier"], found["log_loss"]) == (worst["brier"], worst["log_loss"])
    assert outcome_scores({"value": None}, {}, 1.0) == {"absolute_error": math.inf, "squared_error": math.inf}


def test_a_class_that_the_model_does_not_know_had_no_probability() -> None:
    answer = {"label": "a", "probabilities": [1.0, 0.0, 0.0]}
    found = outcome_scores(answer, {"probabilities": CLASSES}, "d")
    expected = log_loss(["d"], [[1.0, 0.0, 0.0, 0.0]], labels=[*CLASSES, "d"])
    assert found == {"accuracy": 0.0, "brier": 1.0, "log_loss": pytest.approx(expected)}


def test_scores_that_are_no_probabilities_have_no_brier_score() -> None:
    for margins in ([-1.0, 2.0, 0.5], [0.2, 0.9, 0.9]):
        found = outcome_scores({"label": "b", "probabilities": margins}, {"probabilities": CLASSES}, "b")
        assert found == {"accuracy": 1.0}
