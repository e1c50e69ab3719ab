"""Examples are brought into the form that the model was fitted on, or refused with the columns' names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.frames import to_rows
from hythe.operations.examples import from_file, in_fitted_order, reordered


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("tenure,spend,churned\n4,1.5,no\n9,2.5,yes\n")
    return path


def test_the_target_is_split_off_a_file(csv: Path) -> None:
    examples, targets = from_file(csv, "churned")
    assert list(examples.columns) == ["tenure", "spend"]
    assert targets is not None
    assert targets.tolist() == ["no", "yes"]


def test_a_model_that_was_fitted_on_an_array_gets_one(csv: Path) -> None:
    examples, _ = from_file(csv, "churned", bare=True)
    np.testing.assert_array_equal(examples, [[4, 1.5], [9, 2.5]])


def test_a_target_that_is_not_there_is_refused_with_the_columns_that_are(csv: Path) -> None:
    with pytest.raises(Invalid, match=r"no column 'label'.*tenure, spend, churned"):
        from_file(csv, "label")


def test_columns_in_another_order_are_put_into_the_fitted_one() -> None:
    frame = pd.DataFrame({"b": [1], "a": [2]})
    order = in_fitted_order(to_rows(frame), ("a", "b"))
    assert list(reordered(frame, order).columns) == ["a", "b"]
    assert reordered([{"b": 1, "a": 2}], order) == [{"a": 2, "b": 1}]
    assert in_fitted_order(to_rows(frame), ("b", "a")) is None


def test_columns_that_the_model_never_saw_are_refused_by_name() -> None:
    frame = pd.DataFrame({"tenure": [1], "colour": [2]})
    with pytest.raises(Invalid, match=r"lack spend and have colour.*tenure, spend"):
        in_fitted_order(to_rows(frame), ("tenure", "spend"))


def test_a_column_with_a_space_is_the_one_that_lightgbm_spells_with_an_underscore() -> None:
    frame = pd.DataFrame({"b_c": [1], "total charges": [2]})
    order = in_fitted_order(to_rows(frame), ("total_charges", "b_c"))
    assert order == ["total charges", "b_c"]
