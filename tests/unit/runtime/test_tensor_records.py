"""Nested lists become tensors of the schema's dtype and shape, or are refused by path."""

import json
from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid, Malformed
from hythe.bundle.schema import Schema, Tensor
from hythe.runtime.tensor_records import TensorRecords

records = TensorRecords(
    Schema((Tensor("pixels", "float32", (2, 2)), Tensor("tokens", "int64", (-1,))), container="tensors")
)
ROW: dict[str, Any] = {"pixels": [[1, 2], [3, 4.5]], "tokens": [7, 8, 9]}


def decode(document: Any) -> dict[str, Any]:
    return records.decode(json.dumps(document).encode())


def test_rows_columns_and_a_bare_row_mean_the_same() -> None:
    wanted = np.array([[[1, 2], [3, 4.5]]], dtype=np.float32)
    columns = {name: [value] for name, value in ROW.items()}
    for document in (ROW, {"rows": [ROW]}, {"columns": columns}):
        tensors = decode(document)
        np.testing.assert_array_equal(tensors["pixels"], wanted)
        assert tensors["pixels"].dtype == np.float32
        assert tensors["tokens"].tolist() == [[7, 8, 9]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pixels": [[1, 2]]}, "rows[1].pixels has the shape [1, 2]; expected float32 [2, 2]"),
        ({"pixels": [[1, 2], [3]]}, "rows[1].pixels is ragged; expected float32 [2, 2]"),
        ({"pixels": [[1, 2], [3, "x"]]}, "rows[1].pixels holds strings; expected float32 [2, 2]"),
        ({"pixels": [[1, 2], [3, None]]}, "rows[1].pixels holds mixed values; expected float32 [2, 2]"),
        ({"pixels": [[1, 2], [3, 1e39]]}, "rows[1].pixels holds numbers; expected float32 [2, 2]"),
        ({"tokens": [1.5, 2, 3]}, "rows[1].tokens holds numbers; expected int64 [any]"),
        ({"tokens": [1, 2]}, "rows[1].tokens has the shape [2], and rows[0] [3]; send rows of one shape"),
        ({"x": 1}, 'rows[1] has a tensor "x", which the model does not take; it takes pixels, tokens'),
    ],
)
def test_a_wrong_tensor_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode({"rows": [ROW, ROW | change]})
    assert message in str(caught.value)


def test_a_missing_tensor_is_named() -> None:
    with pytest.raises(Invalid, match=r'the row has no "tokens"; expected int64 \[any\]'):
        decode({"pixels": ROW["pixels"]})


def test_tensors_with_different_numbers_of_rows_are_refused() -> None:
    with pytest.raises(Invalid, match="differ in their number of rows"):
        decode({"columns": {"pixels": [ROW["pixels"]], "tokens": [[1], [2]]}})


def test_what_is_no_json_is_malformed() -> None:
    with pytest.raises(Malformed):
        records.decode(b"[[")


def test_an_empty_sequence_keeps_its_dtype() -> None:
    assert decode(ROW | {"tokens": []})["tokens"].dtype == np.int64


def test_text_tensors_stay_text() -> None:
    text = TensorRecords(Schema((Tensor("input", "str", ()),), container="tensors"))
    assert text.decode(b'{"rows": [{"input": "a"}, {"input": "longer"}]}')["input"].tolist() == [
        "a",
        "longer",
    ]
    with pytest.raises(Invalid, match="input holds integers; expected str"):
        text.decode(b'{"input": 3}')
