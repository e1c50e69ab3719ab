"""Refusals belong to rows: found by halving batches, at a bounded cost."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid
from hythe.compile.refusals import ask, original_outcome


class Original:
    """Answers x squared; raises on a batch with a negative, as scikit-learn raises on an infinity."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, rows: Any) -> Any:
        self.batches.append(len(rows["x"]))
        if (rows["x"] < 0).any():
            raise ValueError("negative values in x\nand a second line")
        return {"value": rows["x"] ** 2}


def test_exactly_the_rows_that_raise_alone_are_refused() -> None:
    x = np.arange(100.0)
    x[[3, 4, 77]] *= -1
    outcome, said = ask(Original(), {"x": x})
    assert np.flatnonzero(outcome.refused).tolist() == [3, 4, 77]
    np.testing.assert_array_equal(outcome.answers["value"][~outcome.refused], x[x >= 0] ** 2)
    assert said == dict.fromkeys([3, 4, 77], "ValueError: negative values in x")


def test_rows_that_another_model_refused_are_asked_alone_without_halving() -> None:
    x = np.arange(1000.0) + 1.0
    x[[3, 400, 977]] *= -1
    original = Original()
    outcome = original_outcome(original, {"x": x}, likely=x < 0)
    assert np.flatnonzero(outcome.refused).tolist() == [3, 400, 977]
    assert original.batches == [997, 1, 1, 1]


def test_rows_of_different_kinds_never_share_a_batch() -> None:
    original = Original()
    kinds = np.array(["a", "b", "a", "b", "b"])
    original_outcome(original, {"x": np.arange(5.0)}, kinds=kinds)
    assert original.batches == [2, 3]


def test_an_original_that_answers_nothing_is_told_with_what_it_said() -> None:
    with pytest.raises(Invalid, match=r"answers none of 2 rows .*negative values in x"):
        original_outcome(Original(), {"x": np.array([-1.0, -2.0])})


def test_an_original_that_raises_on_too_many_rows_is_given_up() -> None:
    x = np.where(np.arange(400) % 2, -1.0, 1.0)
    with pytest.raises(Invalid, match="raises on so many of its examples"):
        original_outcome(Original(), {"x": x}, calls=100)


def test_an_original_that_answers_fewer_rows_than_it_was_asked_refuses() -> None:
    outcome, said = ask(lambda _: {"value": np.zeros(1)}, {"x": np.zeros(2)})
    assert not outcome.refused.any()
    outcome, said = ask(lambda _: {"value": np.array(3.0)}, {"x": np.zeros(1)})
    assert outcome.refused.all()
    assert "give one entry a row" in said[0]


def test_warnings_of_the_original_are_no_refusals() -> None:
    def warns(rows: Any) -> Any:
        warnings.warn("this model is old", UserWarning, stacklevel=1)
        return {"value": np.log(rows["x"])}

    outcome = original_outcome(warns, {"x": np.array([0.0, 1.0])})
    assert outcome.answers["value"].tolist() == [-np.inf, 0.0]


def test_string_labels_of_different_lengths_are_not_cut() -> None:
    def original(rows: Any) -> Any:
        return {"label": np.array(["yes" if x > 0 else "certainly not" for x in rows["x"]])}

    kinds = np.array(["a", "b"])
    outcome = original_outcome(original, {"x": np.array([1.0, -1.0])}, kinds=kinds)
    assert outcome.answers["label"].tolist() == ["yes", "certainly not"]
