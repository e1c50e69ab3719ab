"""What is shown of a version that is made ready."""

import numpy as np
import pyarrow as pa

from hythe.bundle.goldens import Goldens
from hythe.bundle.outcome import Outcome
from hythe.operations.prepare import example_row


def goldens(rows: pa.Table, kinds: tuple[str, ...], refused: tuple[bool, ...]) -> Goldens:
    answers = {"value": np.zeros(len(kinds))}
    return Goldens(rows, Outcome(answers, np.array(refused)), kinds)


def test_the_example_is_an_answered_row_of_the_data_without_gaps() -> None:
    rows = pa.table(
        {
            "x": [1.0, float("inf"), None, float("nan"), 5.0, 6.0],
            "kind": ["a", "b", "c", "d", "e", "f"],
            "n": [1, 2, 3, 4, 5, 6],
        }
    )
    kinds = ("threshold", "example", "example", "example", "example", "example")
    found = example_row(goldens(rows, kinds, (False, False, False, False, True, False)))
    assert found == {"x": 6.0, "kind": "f", "n": 6}


def test_gaps_are_null_in_an_example_that_has_some() -> None:
    rows = pa.table({"x": [float("nan"), 1.0, float("inf")], "y": [None, None, 2]})
    kinds = ("example", "threshold", "example")
    assert example_row(goldens(rows, kinds, (False, False, False))) == {"x": None, "y": 2}


def test_tensors_and_rows_that_are_all_refused_give_no_example() -> None:
    tensors = Goldens({"x": np.zeros((1, 2))}, Outcome({"y": np.zeros(1)}, np.array([False])), ("example",))
    assert example_row(tensors) is None
    assert example_row(goldens(pa.table({"x": [1.0]}), ("example",), (True,))) is None
