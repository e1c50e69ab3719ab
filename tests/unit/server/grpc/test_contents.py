"""Tensors in messages: every datatype, raw and typed, in and out; and what does not fit is named."""

import struct
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import (
    deserialize_bf16_tensor,
    deserialize_bytes_tensor,
    serialize_bf16_tensor,
    serialize_byte_tensor,
)

from hythe.base.errors import Invalid, Unsupported
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.runtime.batch import reader
from hythe.server.grpc.contents import read, write
from hythe.server.grpc.messages import ModelInferRequest, ModelInferResponse

INTEGERS = {
    "INT8": ("int8", "int_contents"),
    "INT16": ("int16", "int_contents"),
    "INT32": ("int32", "int_contents"),
    "INT64": ("int64", "int64_contents"),
    "UINT8": ("uint8", "uint_contents"),
    "UINT16": ("uint16", "uint_contents"),
    "UINT32": ("uint32", "uint_contents"),
    "UINT64": ("uint64", "uint64_contents"),
}
TYPED = INTEGERS | {
    "BOOL": ("bool", "bool_contents"),
    "FP32": ("float32", "fp32_contents"),
    "FP64": ("float64", "fp64_contents"),
}


def request(name: str, datatype: str, shape: list[int], raw: bytes | None = None, **contents: Any) -> Any:
    asked = ModelInferRequest(model_name="m")
    asked.inputs.add(name=name, datatype=datatype, shape=shape, contents=contents or None)
    if raw is not None:
        asked.raw_input_contents.append(raw)
    return asked


def on_tensor(dtype: str, *shape: int) -> Any:
    return reader(Schema((Tensor("x", dtype, shape),), container="tensors"))


def extremes(dtype: str) -> Any:
    if dtype == "bool":
        return np.array([[True, False]])
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    return np.array([[info.min, info.max]], dtype=dtype)


@pytest.mark.parametrize(("datatype", "kind"), TYPED.items(), ids=str)
def test_every_datatype_comes_whole_raw_and_typed(datatype: str, kind: tuple[str, str]) -> None:
    dtype, field = kind
    values, rows = extremes(dtype), on_tensor(dtype, 2)
    for asked in (
        request("x", datatype, [1, 2], raw=values.tobytes()),
        request("x", datatype, [1, 2], **{field: values.ravel().tolist()}),
    ):
        batch: Any = read(asked, rows)
        assert batch["x"].dtype == dtype
        np.testing.assert_array_equal(batch["x"], values)


def test_half_precision_comes_raw() -> None:
    halves = np.array([[0.1, 65504.0]], dtype=np.float16)
    batch: Any = read(request("x", "FP16", [1, 2], raw=halves.tobytes()), on_tensor("float16", 2))
    np.testing.assert_array_equal(batch["x"], halves)
    given = np.array([[1.0, -2.5, 3.140625]], dtype=np.float32)
    raw = serialize_bf16_tensor(given).item()
    batch = read(request("x", "BF16", [1, 3], raw=raw), on_tensor("float32", 3))
    np.testing.assert_array_equal(batch["x"].ravel(), deserialize_bf16_tensor(raw).ravel())


def test_texts_come_raw_and_typed() -> None:
    texts = np.array([["a", "Zürich", ""]], dtype=object)
    raw = serialize_byte_tensor(texts).item()
    rows = on_tensor("str", 3)
    for asked in (
        request("x", "BYTES", [1, 3], raw=raw),
        request("x", "BYTES", [1, 3], bytes_contents=[text.encode() for text in texts.ravel()]),
    ):
        batch: Any = read(asked, rows)
        assert batch["x"].tolist() == texts.tolist()


NUMBERS = reader(Schema((Column("a", "float64", nullable=True), Column("b", "float64", nullable=True))))


def table(asked: Any, rows: Any = NUMBERS) -> Any:
    return rows.rows(read(asked, rows)).to_pylist()


def test_columns_come_alone_or_as_one_matrix_and_may_be_left_out() -> None:
    one = request("a", "FP32", [2, 1], raw=np.array([0.5, 0.1], dtype="<f4").tobytes())
    assert table(one) == [{"a": 0.5, "b": None}, {"a": float(np.float32(0.1)), "b": None}]
    matrix = request("input-0", "FP64", [2, 2], fp64_contents=[1, 2, 3, 4])
    assert table(matrix) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_nan_is_a_missing_value_where_the_model_was_trained_so() -> None:
    asked = request("a", "FP64", [2], fp64_contents=[float("nan"), 1.0])
    assert table(asked) == [{"a": None, "b": None}, {"a": 1.0, "b": None}]
    apart = reader(Schema((Column("a", "float64", nullable=True, null="none"),)))
    [kept, _] = table(asked, apart)
    assert kept["a"] != kept["a"]
    strict = reader(Schema((Column("a", "float64"),)))
    with pytest.raises(Invalid, match=r"a\[0\] is null; expected a number"):
        read(asked, strict)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (request("a", "FP64", [2], raw=b"1234567"), "input 'a' has 7 bytes"),
        (request("a", "FP64", [2], fp64_contents=[1.0]), r"1 fp64_contents; its shape \[2\] takes 2"),
        (request("a", "FP64", [2], fp32_contents=[1, 2]), "input 'a' has 0 fp64_contents"),
        (request("a", "FP64", [-1], fp64_contents=[1.0]), r"the shape \[-1\]; give lengths, not -1"),
        (request("a", "FP64", [], fp64_contents=[1.0]), r"the shape \[\]"),
        (request("a", "FP16", [1]), 'the datatype "FP16"; typed contents are BOOL'),
        (request("a", "INT128", [1], raw=b"1"), 'the datatype "INT128"'),
        (request("a", "INT8", [1], int_contents=[300]), "input 'a' holds what is no INT8"),
        (request("a", "BYTES", [1], raw=struct.pack("<I", 9) + b"cut"), "input 'a'"),
        (request("a", "BYTES", [1], bytes_contents=[b"\xff"]), "input 'a', text 0: it is no UTF-8"),
        (request("a", "FP64", [1, 2, 1], fp64_contents=[1, 2]), r"give each column as \[n\] or \[n, 1\]"),
        (request("c", "FP64", [1], fp64_contents=[1]), 'a column "c", which the model does not take'),
        (
            request("a", "FP64", [1], raw=b"12345678", fp64_contents=[1.0]),
            "contents field must not be specified when using raw_input_contents for 'a' for model 'm'",
        ),
    ],
)  # fmt: skip
def test_contents_that_do_not_fit_are_named(asked: Any, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(asked, NUMBERS)


def test_raw_contents_are_one_for_each_input() -> None:
    asked = request("a", "FP64", [1], raw=b"12345678")
    asked.raw_input_contents.append(b"12345678")
    with pytest.raises(Invalid, match="there are 1 inputs and 2 raw_input_contents"):
        read(asked, NUMBERS)
    twice = request("a", "FP64", [1], fp64_contents=[1.0])
    twice.inputs.append(twice.inputs[0])
    with pytest.raises(Invalid, match="input 'a' appears more than once"):
        read(twice, NUMBERS)


ANSWERS: dict[str, Any] = {
    "score": np.array([[0.5, 0.25]]),
    "half": np.array([1.5], dtype=np.float16),
    "label": np.array(["ja", "ß"], dtype=object),
    "mixed": np.array(["a", 3], dtype=object),
    "truth": np.array([True, False]),
}


def test_answers_leave_raw_as_tritons_client_reads_them() -> None:
    response = ModelInferResponse()
    write(response, ANSWERS, list(ANSWERS), raw=True)
    words = {output.name: output.datatype for output in response.outputs}
    assert words == {"score": "FP64", "half": "FP16", "label": "BYTES", "mixed": "BYTES", "truth": "BOOL"}
    score, half, label, mixed, truth = response.raw_output_contents
    assert np.frombuffer(score, "<f8").tolist() == [0.5, 0.25]
    assert list(response.outputs[0].shape) == [1, 2]
    assert np.frombuffer(half, "<f2").tolist() == [1.5]
    assert deserialize_bytes_tensor(label).tolist() == [b"ja", "ß".encode()]
    assert deserialize_bytes_tensor(mixed).tolist() == [b"a", b"3"]
    assert truth == b"\x01\x00"


def test_answers_leave_typed_where_that_is_asked() -> None:
    response = ModelInferResponse()
    write(response, ANSWERS, ["truth", "label", "score"], raw=False)
    truth, label, score = (output.contents for output in response.outputs)
    assert list(truth.bool_contents) == [True, False]
    assert list(label.bytes_contents) == [b"ja", "ß".encode()]
    assert list(score.fp64_contents) == [0.5, 0.25]
    assert not response.raw_output_contents
    with pytest.raises(Unsupported, match="output 'half' is FP16, which is raw only"):
        write(ModelInferResponse(), ANSWERS, ["half"], raw=False)
