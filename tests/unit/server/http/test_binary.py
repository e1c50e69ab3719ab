"""The binary tensor data extension of the Open Inference Protocol v2."""

import gzip
import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.runtime.batch import reader
from hythe.server.http.binary import raw_input, values
from hythe.server.http.tensors import InputTensor, read_inputs
from hythe.testing.tiny import expected

TENURE = np.array([4, 50], dtype="<i8").tobytes()
CHARGES = np.array([20.5, np.nan], dtype="<f8").tobytes()
CONTRACT = b"".join(struct.pack("<I", len(word)) + word for word in (b"monthly", b"yearly"))
INPUTS = [
    {"name": "tenure", "shape": [2], "datatype": "INT64", "parameters": {"binary_data_size": 16}},
    {"name": "total charges", "shape": [2, 1], "datatype": "FP64", "parameters": {"binary_data_size": 16}},
    {
        "name": "contract",
        "shape": [2],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(CONTRACT)},
    },
]
TAIL = TENURE + CHARGES + CONTRACT
WANTED = [
    expected({"tenure": 4, "total charges": 20.5, "contract": "monthly"}),
    expected({"tenure": 50, "total charges": None, "contract": "yearly"}),
]


async def infer(call: Any, document: Any, tail: bytes = TAIL, **headers: str) -> Any:
    head = json.dumps(document).encode()
    body = head + tail
    packs: dict[str, Any] = {"gzip": gzip.compress, "deflate": zlib.compress}
    pack = packs.get(headers.get("content_encoding", ""), bytes)
    raw = [pack(body)]
    given = {"inference_header_content_length": str(len(head))} | headers
    return await call("POST", "/v2/models/churn/infer", raw=raw, **given)


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
async def test_bytes_are_answered_like_json(call: Any, encoding: str) -> None:
    reply = await infer(call, {"inputs": INPUTS}, content_encoding=encoding)
    assert reply.status == 200
    _, probabilities = reply.document["outputs"]
    assert probabilities["data"][1::2] == pytest.approx(WANTED, rel=1e-12)


async def test_json_and_bytes_mix_in_one_request(call: Any) -> None:
    tenure = {"name": "tenure", "shape": [2], "datatype": "INT64", "data": [4, 50]}
    reply = await infer(call, {"inputs": [INPUTS[1], tenure, INPUTS[2]]}, CHARGES + CONTRACT)
    assert reply.document["outputs"][1]["data"][1::2] == pytest.approx(WANTED, rel=1e-12)


async def test_outputs_come_as_bytes_where_asked(call: Any) -> None:
    document: dict[str, Any] = {"inputs": INPUTS, "parameters": {"binary_data_output": True}}
    reply = await infer(call, document)
    length = int(reply.headers["inference-header-content-length"])
    outputs = json.loads(reply.body[:length])["outputs"]
    assert [output["parameters"]["binary_data_size"] for output in outputs] == [13, 32]
    tail = reply.body[length:]
    assert tail[:13] == b"\x03\0\0\0yes\x02\0\0\0no"
    assert np.frombuffer(tail[13:], "<f8")[1::2] == pytest.approx(WANTED, rel=1e-12)
    document["outputs"] = [{"name": "probabilities", "parameters": {"binary_data": False}}, {"name": "label"}]
    reply = await infer(call, document)
    length = int(reply.headers["inference-header-content-length"])
    first, second = json.loads(reply.body[:length])["outputs"]
    assert (len(first["data"]), second["parameters"]) == (4, {"binary_data_size": 13})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": {"binary_data_size": 8}}, "inputs' binary_data_size claim"),
        ({"shape": [3]}, "has 16 bytes; INT64 of the shape [3] takes 24"),
        ({"parameters": {"binary_data_size": -1}}, "binary_data_size of -1"),
        ({"parameters": {"binary_data_size": True}}, "binary_data_size of true"),
        ({"parameters": {"binary_data_size": 2**70}}, "binary_data_size claim 1180591620717411303461"),
        ({"parameters": {}}, "53 bytes follow the JSON, and the inputs' binary_data_size claim 37"),
        ({"data": [1, 2]}, "has both 'data' and bytes"),
        ({"shape": [2**63, 2]}, "has the shape"),
        ({"shape": [0, 2**62, 2**62]}, "has the shape"),
        ({"shape": [1] * 40}, "has the shape"),
        ({"shape": []}, "has the shape []"),
        ({"datatype": "INT128"}, "known: BOOL"),
        ({"name": "contract"}, "appears more than once"),
        ({"datatype": "BYTES"}, "text 1: its 50 bytes are not all there"),
    ],
)
async def test_what_does_not_fit_is_said(call: Any, change: dict[str, Any], message: str) -> None:
    reply = await infer(call, {"inputs": [INPUTS[0] | change, *INPUTS[1:]]})
    assert reply.status == 422
    assert message in reply.document["error"]


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999", "", "٣", "9" * 30])
async def test_a_wrong_header_length_is_malformed(call: Any, length: str) -> None:
    reply = await infer(call, {"inputs": INPUTS}, inference_header_content_length=length)
    assert (reply.status, reply.document["code"]) == (400, "malformed")


async def test_bytes_that_no_input_claims_are_refused(call: Any) -> None:
    reply = await infer(call, {"inputs": INPUTS}, TAIL + b"x")
    assert "54 bytes follow the JSON, and the inputs' binary_data_size claim 53" in reply.document["error"]


@pytest.mark.parametrize("name", ["classification", "shared_memory_region"])
async def test_what_is_not_served_is_named(call: Any, name: str) -> None:
    wanted = [{"name": "label", "parameters": {name: 1}}]
    reply = await infer(call, {"inputs": INPUTS, "outputs": wanted})
    assert (reply.status, reply.document["code"]) == (400, "unsupported")
    assert name in reply.document["error"]


ARRAYS: dict[str, list[Any]] = {
    "BOOL": [True, False], "INT8": [-128, 127], "INT16": [-(2**15), 2**15 - 1], "INT32": [-(2**31), 1],
    "INT64": [-(2**63), 2**63 - 1], "UINT8": [0, 255], "UINT16": [0, 65535], "UINT32": [0, 2**32 - 1],
    "UINT64": [0, 2**64 - 1], "FP16": [0.5, -65504.0], "FP32": [1.5, -3.4028234663852886e38],
    "FP64": [0.1, -1e308],
}  # fmt: skip
CODES = {
    "BOOL": "2?", "INT8": "2b", "INT16": "2h", "INT32": "2i", "INT64": "2q", "UINT8": "2B", "UINT16": "2H",
    "UINT32": "2I", "UINT64": "2Q", "FP16": "2e", "FP32": "2f", "FP64": "2d",
}  # fmt: skip


@pytest.mark.parametrize("word", ARRAYS)
def test_every_datatype_is_read_bit_by_bit(word: str) -> None:
    data = struct.pack("<" + CODES[word], *ARRAYS[word])
    read = values(InputTensor("x", [2], word), memoryview(data))
    assert isinstance(read, np.ndarray)
    assert read.tolist() == ARRAYS[word]


def test_bf16_is_the_upper_half_of_float32() -> None:
    numbers = np.array([1.0, -2.5, np.inf, 3.140625], dtype="<f4")
    upper = numbers.view("<u4") >> 16
    read = values(InputTensor("x", [4], "BF16"), memoryview(upper.astype("<u2").tobytes()))
    assert isinstance(read, np.ndarray)
    assert read.dtype == np.float32
    assert read.tolist() == numbers.tolist()


def test_numbers_are_not_copied() -> None:
    data = np.arange(4.0).tobytes()
    read = values(InputTensor("x", [4], "FP64"), memoryview(data))
    assert isinstance(read, np.ndarray)
    assert np.shares_memory(read, np.frombuffer(data))


def test_texts_must_be_utf8_and_whole() -> None:
    tensor = InputTensor("x", [1], "BYTES")
    for data, message in (
        (b"\x02\0\0\0\xff\xfe", "it is no UTF-8"),
        (b"\x05\0\0\0abc", "its 5 bytes are not all there"),
        (b"\xff\xff\xff\xffabc", "its 4294967295 bytes are not all there"),
        (b"\x01\0\0\0ab", "not the 1 texts"),
        (b"\x01\0", "not all there"),
    ):
        with pytest.raises(Invalid, match=message):
            values(tensor, memoryview(data))
    assert values(tensor, memoryview("\x05\0\0\0é€".encode())) == ["é€"]


IMAGE = Schema((Tensor("image", "uint8", (2, 2, 3)),), container="tensors")
TEXT = Schema((Tensor("text", "str", ()),), container="tensors")


def test_a_body_without_json_is_one_row_of_the_one_input() -> None:
    pixels = np.arange(12, dtype=np.uint8)
    tensor, flat = raw_input(pixels.tobytes(), IMAGE)
    batch: Any = read_inputs([tensor], reader(IMAGE), {tensor.name: flat})
    assert batch["image"].tolist() == pixels.reshape(1, 2, 2, 3).tolist()
    tensor, flat = raw_input("grüß".encode(), TEXT)
    batch = read_inputs([tensor], reader(TEXT), {tensor.name: flat})
    assert batch["text"].tolist() == ["grüß"]
    with pytest.raises(Invalid, match="has 11 bytes; UINT8"):
        raw_input(bytes(11), IMAGE)


def test_a_body_without_json_tells_at_most_one_length() -> None:
    audio = Schema((Tensor("wave", "float32", (-1, 2)),), container="tensors")
    tensor, flat = raw_input(np.ones(6, "<f4").tobytes(), audio)
    assert (tensor.shape, len(flat)) == ([1, 3, 2], 6)
    for shape in ((-1, -1), (0, -1)):
        with pytest.raises(Invalid, match="does not tell a shape"):
            raw_input(b"1234", Schema((Tensor("x", "uint8", shape),), container="tensors"))
    mixed = Schema((Column("a", "float64"), Column("b", "string")))
    with pytest.raises(Invalid, match="the model takes 2 inputs; name them in JSON"):
        raw_input(b"12345678", mixed)


async def test_a_raw_body_goes_to_a_model_with_several_inputs_only_by_name(call: Any) -> None:
    reply = await call("POST", "/v2/models/churn/infer", raw=[b"12"], inference_header_content_length="0")
    assert (reply.status, reply.document["code"]) == (422, "invalid")


@pytest.mark.parametrize("rows", [3, 1000])
def test_few_and_many_rows_are_read_alike(rows: int) -> None:
    schema = Schema((Column("a", "float64", nullable=True), Column("b", "float64", nullable=True)))
    matrix = np.arange(2.0 * rows).reshape(rows, 2)
    matrix[1, 0] = np.nan
    tensor = InputTensor("input", [rows, 2], "FP64")
    batch = read_inputs([tensor], reader(schema), {"input": matrix.ravel()})
    table: Any = reader(schema).rows(batch) if isinstance(batch, list) else batch
    cells = [None if cell is None or np.isnan(cell) else cell for cell in table["a"].to_pylist()]
    assert cells == [0.0, None, *range(4, 2 * rows, 2)]
    assert table["b"].to_pylist() == list(range(1, 2 * rows, 2))


@pytest.mark.parametrize("rows", [3, 1000])
def test_a_missing_value_is_refused_where_none_may_be(rows: int) -> None:
    schema = Schema((Column("a", "float64"),))
    numbers = np.ones(rows)
    numbers[2] = np.nan
    with pytest.raises(Invalid, match=r"a\[2\] is null|row 2: the value is missing"):
        read_inputs([InputTensor("a", [rows], "FP64")], reader(schema), {"a": numbers})


async def test_the_repository_lists_what_is_served(call: Any) -> None:
    listed = (await call("POST", "/v2/repository/index", {})).document
    assert listed == [{"name": "churn", "version": "1.0.0", "state": "READY", "reason": ""}]
    assert (await call("GET", "/v2")).document["extensions"] == ["binary_tensor_data"]
    assert (await call("GET", "/v2/models")).document == {"models": ["churn"]}
