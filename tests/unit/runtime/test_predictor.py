"""The Python API's way to an answer: a dictionary, a list of them, a table."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.runtime.predictor import Predictor, onnx_predictor
from hythe.testing.tiny import expected, tiny_classifier

ROWS: list[dict[str, Any]] = [
    {"tenure": 4, "total charges": 20.5, "contract": "monthly"},
    {"tenure": 72, "total charges": None, "contract": "yearly"},
    {"tenure": 0, "total charges": 9e3, "contract": "never seen"},
]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    tiny = tiny_classifier()
    return onnx_predictor(tiny.graph, tiny.variant, tiny.schema)


@pytest.mark.parametrize("row", ROWS)
def test_a_dictionary_gets_one_labelled_answer(predictor: Predictor, row: dict[str, Any]) -> None:
    answer = predictor.predict(row)
    yes = expected(row)
    assert answer["label"] == ("yes" if yes > 0.5 else "no")
    assert answer["probabilities"] == pytest.approx({"no": 1 - yes, "yes": yes}, rel=1e-12)


def test_a_list_gets_a_list(predictor: Predictor) -> None:
    assert predictor.predict(ROWS) == [predictor.predict(row) for row in ROWS]


@pytest.mark.parametrize(
    "make",
    [pd.DataFrame, pa.Table.from_pylist, lambda rows: {name: [r[name] for r in rows] for name in rows[0]}],
    ids=["pandas", "arrow", "columns"],
)
def test_a_table_gets_arrays(predictor: Predictor, make: Any) -> None:
    answers = predictor.predict(make(ROWS))
    np.testing.assert_allclose(answers["probabilities"][:, 1], [expected(row) for row in ROWS], rtol=1e-12)
    assert answers["label"].tolist() == [predictor.predict(row)["label"] for row in ROWS]


def test_a_refused_row_is_named(predictor: Predictor) -> None:
    wrong = ROWS[0] | {"total charges": math.inf}
    with pytest.raises(Invalid, match=r"rows\[1\]: the model refuses it"):
        predictor.predict([ROWS[0], wrong])
    with pytest.raises(Invalid, match=r"rows\[1\]: the model refuses it"):
        predictor.predict(pd.DataFrame([ROWS[0], wrong]))
    assert predictor.outcome(pa.Table.from_pylist([ROWS[0], wrong])).refused.tolist() == [False, True]


def test_a_wrong_value_is_named(predictor: Predictor) -> None:
    with pytest.raises(Invalid, match="tenure is 101; expected an integer from 0 to 100"):
        predictor.predict(ROWS[0] | {"tenure": 101})
