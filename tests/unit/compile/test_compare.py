"""Tolerances, and what is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hythe.bundle.outcome import Outcome
from hythe.compile.compare import difference, differences, tolerances


def apart(a: Any, b: Any) -> Any:
    return difference(Outcome.answered({"value": a}), Outcome.answered({"value": b})).differs.tolist()


def test_doubles_may_differ_by_a_millionth_and_singles_by_a_hundred_thousandth() -> None:
    a = np.array([1000.0, 1000.0])
    b = np.array([1000.0 + 0.99e-3, 1000.0 + 1.01e-3])
    assert apart(a, b) == [False, True]
    single = np.array([1000.0, 1000.0], dtype=np.float32)
    assert apart(single, np.array([1000.0099, 1000.0103])) == [False, True]


def test_near_zero_the_absolute_tolerance_counts() -> None:
    assert apart(np.zeros(2), np.array([0.9e-9, 1.1e-9])) == [False, True]
    assert apart(np.zeros(2, dtype=np.float32), np.array([0.9e-6, 1.1e-6])) == [False, True]


def test_nan_equals_nan_and_an_infinity_only_itself() -> None:
    a = np.array([np.nan, np.inf, -np.inf, np.inf, np.nan, 1.0])
    b = np.array([np.nan, np.inf, -np.inf, -np.inf, 1.0, np.nan])
    assert apart(a, b) == [False, False, False, True, True, True]


@pytest.mark.parametrize("labels", [[0.0, 1.0], [1, 2], ["a", "b"], [True, False]])
def test_labels_have_to_be_equal_whatever_they_are(labels: Any) -> None:
    a = Outcome.answered({"label": np.array(labels, dtype=object)})
    b = Outcome.answered({"label": np.array([labels[0], labels[0]], dtype=object)})
    assert difference(a, b).differs.tolist() == [False, True]


def test_float_labels_have_no_tolerance() -> None:
    a, b = np.array([1.0]), np.array([1.0 + 1e-12])
    found = difference(Outcome.answered({"label": a}), Outcome.answered({"label": b}))
    assert found.differs.tolist() == [True]


def test_integers_have_to_be_equal() -> None:
    assert apart(np.array([10**9, 5]), np.array([10**9 + 1, 5])) == [True, False]


def test_one_refusal_differs_and_two_are_the_same_whatever_the_cells_hold() -> None:
    a = Outcome({"value": np.array([1.0, 2.0, 3.0])}, np.array([True, True, False]))
    b = Outcome({"value": np.array([9.0, 9.0, 3.0])}, np.array([True, False, False]))
    found = difference(a, b)
    assert found.differs.tolist() == [False, True, False]
    assert found.deviation.tolist() == [0.0, 0.0, 0.0]


def test_a_missing_output_and_another_shape_differ_everywhere() -> None:
    a = Outcome.answered({"value": np.zeros(2), "probabilities": np.zeros((2, 3))})
    b = Outcome.answered({"probabilities": np.zeros((2, 2))})
    assert difference(a, b).differs.tolist() == [True, True]


def test_the_greatest_deviation_of_a_row_is_kept_by_output() -> None:
    a = Outcome.answered({"probabilities": np.array([[0.5, 0.5]]), "label": np.array([0])})
    b = Outcome.answered({"probabilities": np.array([[0.4, 0.75]]), "label": np.array([1])})
    found = differences(a, b)
    assert found["probabilities"].deviation.tolist() == [0.25]
    assert found["label"].deviation.tolist() == [1.0]


def test_labels_have_no_tolerance_and_floats_that_of_their_width() -> None:
    answers: dict[str, Any] = {"label": np.zeros(1), "score": np.zeros(1), "value": np.zeros(1, np.float32)}
    assert tolerances(answers) == {"score": (1e-9, 1e-6), "value": (1e-6, 1e-5)}
