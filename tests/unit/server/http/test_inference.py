"""The Open Inference Protocol v2 with JSON tensors."""

from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.runtime.batch import reader
from hythe.server.http.outputs import Wanted, write_outputs
from hythe.server.http.tensors import InputTensor, datatype, read_inputs
from hythe.testing.tiny import expected

TENURE = {"name": "tenure", "shape": [2], "datatype": "INT64", "data": [4, 50]}
CHARGES = {"name": "total charges", "shape": [2, 1], "datatype": "FP64", "data": [[20.5], [None]]}
CONTRACT = {"name": "contract", "shape": [2], "datatype": "BYTES", "data": ["monthly", "yearly"]}


async def test_a_model_describes_itself(call: Any) -> None:
    document = (await call("GET", "/v2/models/churn")).document
    assert document == (await call("GET", "/v2/models/churn/versions/1.0.0")).document
    assert document["versions"] == ["1.0.0"]
    assert document["inputs"] == [
        {"name": "tenure", "datatype": "INT64", "shape": [-1, 1]},
        {"name": "total charges", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "contract", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert document["outputs"][1] == {
        "name": "probabilities",
        "datatype": "FP64",
        "shape": [-1, 2],
        "parameters": {"classes": ["no", "yes"]},
    }
    assert (await call("GET", "/v2/models/churn/versions/9.0.0")).status == 404
    assert (await call("GET", "/v2/models/nothing")).status == 404


async def test_server_and_models_say_whether_they_are_ready(call: Any) -> None:
    assert (await call("GET", "/v2")).document["name"] == "hythe"
    assert (await call("GET", "/v2/health/live")).document == {"live": True}
    assert (await call("GET", "/v2/health/ready")).document == {"ready": True}
    assert (await call("GET", "/v2/models/churn/ready")).document == {"name": "churn", "ready": True}


@pytest.mark.parametrize("path", ["/v2/models/churn/infer", "/v2/models/churn/versions/1.0.0/infer"])
async def test_columns_as_tensors_are_answered(call: Any, path: str) -> None:
    reply = await call("POST", path, {"id": "7", "inputs": [TENURE, CHARGES, CONTRACT]})
    document = reply.document
    assert (reply.status, document["id"], document["model_name"]) == (200, "7", "churn")
    assert document["model_version"] == "1.0.0"
    label, probabilities = document["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["yes", "no"]}
    assert probabilities["shape"] == [2, 2]
    first = expected({"tenure": 4, "total charges": 20.5, "contract": "monthly"})
    assert probabilities["data"][1] == pytest.approx(first, rel=1e-12)


async def test_outputs_can_be_chosen(call: Any) -> None:
    wanted = {"inputs": [TENURE, CHARGES, CONTRACT], "outputs": [{"name": "probabilities"}]}
    document = (await call("POST", "/v2/models/churn/infer", wanted)).document
    assert [output["name"] for output in document["outputs"]] == ["probabilities"]
    assert document["id"] == document["parameters"]["prediction_id"]
    wanted["outputs"] = [{"name": "value"}]
    reply = await call("POST", "/v2/models/churn/infer", wanted)
    assert (reply.status, reply.document["error"]) == (
        422,
        "there is no output 'value'; outputs: label, probabilities",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": [4]}, "input 'tenure' has 1 values; its shape [2] takes 2"),
        ({"data": [4, 5.5]}, "input 'tenure' holds 5.5, which is no INT64"),
        ({"data": [4, "x"]}, "input 'tenure' holds \"x\", which is no INT64"),
        ({"data": [4, 500]}, "tenure[1] is 500; expected an integer from 0 to 100"),
        ({"data": [[4], 5]}, "input 'tenure' has ragged data"),
        ({"datatype": "INT128"}, "input 'tenure' has the datatype 'INT128'; known in JSON: BOOL"),
        ({"shape": [1, 2]}, "give each column as [n] or [n, 1]"),
        ({"shape": [-2]}, "no inference request"),
        (
            {"name": "tenur"},
            'there is a column "tenur", which the model does not take; did you mean "tenure"?',
        ),
        ({"name": "contract"}, "input 'contract' appears more than once"),
        ({"datatype": "INT8", "data": [4, 200]}, "holds 200, which is no INT8"),
    ],
)
async def test_a_wrong_tensor_is_named(call: Any, change: dict[str, Any], message: str) -> None:
    reply = await call("POST", "/v2/models/churn/infer", {"inputs": [TENURE | change, CHARGES, CONTRACT]})
    assert reply.status == 422
    assert message in reply.document["error"]
    assert isinstance(reply.document["error"], str)


def tensors(*items: dict[str, Any]) -> list[InputTensor]:
    return [InputTensor(**item) for item in items]


def test_columns_of_one_type_may_come_as_one_matrix() -> None:
    schema = Schema((Column("a", "float64"), Column("b", "float64")))
    rows = reader(schema)
    matrix = {"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}
    table: Any = rows.rows(read_inputs(tensors(matrix), rows))
    assert table.to_pylist() == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    mixed = Schema((Column("a", "float64"), Column("b", "string")))
    with pytest.raises(Invalid, match="the columns have different datatypes"):
        read_inputs(tensors(matrix), reader(mixed))


def test_fp32_data_are_what_a_float32_holds() -> None:
    schema = Schema((Column("a", "float64"),))
    rows = reader(schema)
    given = {"name": "a", "shape": [1], "datatype": "FP32", "data": [0.1]}
    table: Any = rows.rows(read_inputs(tensors(given), rows))
    assert table["a"].to_pylist() == [float(np.float32(0.1))]


def test_tensor_models_take_their_tensors() -> None:
    schema = Schema((Tensor("pixels", "float32", (2, 2)),), container="tensors")
    given = {"name": "pixels", "shape": [1, 2, 2], "datatype": "FP32", "data": [[[1, 2], [3, 4]]]}
    batch: Any = read_inputs(tensors(given), reader(schema))
    assert batch["pixels"].tolist() == [[[1, 2], [3, 4]]]
    assert batch["pixels"].dtype == np.float32
    with pytest.raises(Invalid, match=r"pixels has the shape \[1, 4\]"):
        read_inputs(tensors(given | {"shape": [1, 4]}), reader(schema))


def test_outputs_keep_their_kind() -> None:
    answers = {
        "number": np.array([1, 2]),
        "truth": np.array([True]),
        "score": np.array([[1.5, 2.5]], dtype=np.float32),
        "mixed": np.array(["a", 3], dtype=object),
    }
    documents, tail = write_outputs(answers, [Wanted(name) for name in answers])
    written = {output["name"]: output for output in documents}
    assert tail == []
    assert [written[name]["datatype"] for name in answers] == ["INT64", "BOOL", "FP32", "BYTES"]
    assert written["mixed"]["data"] == ["a", "3"]
    assert written["score"] == {"name": "score", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2.5]}


def test_every_column_type_has_a_datatype() -> None:
    assert datatype(Column("c", "category", categories=(1, 2))) == "INT64"
    assert datatype(Column("c", "timestamp")) == "BYTES"
    assert datatype(Column("c", "uint16")) == "UINT16"
