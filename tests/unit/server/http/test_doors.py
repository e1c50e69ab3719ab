"""The doors of TensorFlow Serving's, KServe's, SageMaker's, MLflow's and Vertex AI's clients."""

import base64
import gzip
import os
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import pytest_asyncio
from tests.unit.server.http.conftest import Caller

from hythe.base.errors import Invalid
from hythe.dataplane.admit import Limits
from hythe.runtime.counters import Counters, create
from hythe.server.http.doors import make_app
from hythe.server.http.vertex import VertexRoutes, vertex_port, vertex_routes
from hythe.testing.plane import make_plane
from hythe.testing.tensors import image_endpoint, text_endpoint
from hythe.testing.tiny import expected, tiny_endpoint

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
OTHER = {"tenure": 50, "total charges": None, "contract": "yearly"}
FIRST, SECOND = expected(ROW), expected(OTHER)
ORDER = ["tenure", "total charges", "contract"]
COLUMNS = {name: [ROW[name], OTHER[name]] for name in ORDER}
LISTS = [[row[name] for name in ORDER] for row in (ROW, OTHER)]
PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
GREETING = "grüß dich"


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


@pytest_asyncio.fixture
async def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/vertex/predict")
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/vertex/health")
    monkeypatch.setenv("AIP_DEPLOYED_MODEL_ID", "17")
    descriptor = create(slots=1)
    counters = Counters(descriptor, 0)
    specs = [tiny_endpoint(tmp_path), image_endpoint(tmp_path), text_endpoint(tmp_path)]
    limits = Limits(body_bytes=100_000)
    plane = make_plane(*specs, counters=counters, limits=limits)
    await plane.start()
    yield Caller(make_app(plane, counters), limits)
    await plane.close()
    os.close(descriptor)


def scores(predictions: Any) -> list[float]:
    return [answer["probabilities"]["yes"] for answer in predictions]


@pytest.mark.parametrize("path", ["/v1/models/churn", "/v1/models/churn/versions/1.0.0"])
@pytest.mark.parametrize("instances", [[ROW, OTHER], LISTS], ids=["objects", "lists"])
async def test_instances_are_answered_with_predictions(call: Any, path: str, instances: Any) -> None:
    reply = await call("POST", f"{path}:predict", {"instances": instances, "signature_name": "x"})
    assert reply.status == 200
    assert list(reply.document) == ["predictions"]
    assert scores(reply.document["predictions"]) == pytest.approx([FIRST, SECOND], rel=1e-12)


@pytest.mark.parametrize("inputs", [COLUMNS, LISTS, [ROW, OTHER]], ids=["columns", "lists", "objects"])
async def test_inputs_are_answered_with_outputs(call: Any, inputs: Any) -> None:
    reply = await call("POST", "/v1/models/churn:predict", {"inputs": inputs})
    outputs = reply.document["outputs"]
    assert outputs["label"] == ["yes", "no"]
    assert [row[1] for row in outputs["probabilities"]] == pytest.approx([FIRST, SECOND], rel=1e-12)


async def test_models_say_that_they_are_there(call: Any) -> None:
    assert (await call("GET", "/")).document == {"status": "alive"}
    assert (await call("GET", "/v1/models")).document == {"models": ["churn"]}
    document = (await call("GET", "/v1/models/churn")).document
    assert (document["name"], document["ready"]) == ("churn", True)
    assert document["model_version_status"] == [{"version": "1.0.0", "state": "AVAILABLE"}]
    assert (await call("GET", "/v1/models/churn/versions/1.0.0")).document["ready"] is True
    assert (await call("GET", "/v1/models/nothing")).status == 404
    assert (await call("POST", "/v1/models/churn/versions/9.9.9:predict", {"instances": [ROW]})).status == 404


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "send one of 'instances' or 'inputs'"),
        ([ROW], "send one of 'instances' or 'inputs'"),
        ({"instances": [ROW], "inputs": COLUMNS}, "has 'instances' and 'inputs'"),
        ({"instances": ROW}, "send a list with one item for each row"),
        ({"instances": [[1, 2]]}, "instances[0] is [1,2]; send an object or a list of 3: tenure"),
        ({"instances": [7]}, "instances[0] is 7"),
        ({"instances": [ROW | {"tenure": 500}]}, "expected an integer from 0 to 100"),
        ({"instances": [ROW | {"contract": {"b64": "a"}}]}, "is no base64"),
        ({"instances": [ROW | {"contract": {"b64": 7}}]}, "is no base64"),
        ({"instances": [ROW | {"contract": b64(b"\xff")}]}, "no UTF-8"),
        ({"inputs": 7}, "send an object with the model's inputs: tenure, total charges, contract"),
        ({"inputs": COLUMNS | {"tenure": 4}}, "tenure"),
        ({"instances": []}, "no rows"),
    ],
)
async def test_a_wrong_document_is_explained(call: Any, document: Any, message: str) -> None:
    reply = await call("POST", "/v1/models/churn:predict", document)
    assert (reply.status, reply.headers["content-type"]) == (422, "application/json")
    assert message in reply.document["error"]


async def test_text_may_come_as_base64(call: Any) -> None:
    row = ROW | {"contract": b64(b"monthly")}
    reply = await call("POST", "/v1/models/churn:predict", {"instances": [row]})
    assert scores(reply.document["predictions"]) == pytest.approx([FIRST], rel=1e-12)


MLFLOW = {
    "dataframe_split": {"columns": ORDER, "index": [0, 1], "data": LISTS},
    "dataframe_records": [ROW, OTHER],
    "instances": [ROW, OTHER],
    "inputs": COLUMNS,
}


@pytest.mark.parametrize("kind", MLFLOW)
async def test_mlflows_four_kinds_of_json_are_answered(call: Any, kind: str) -> None:
    reply = await call("POST", "/invocations", {kind: MLFLOW[kind], "params": {}})
    assert (reply.status, list(reply.document)) == (200, ["predictions"])
    assert scores(reply.document["predictions"]) == pytest.approx([FIRST, SECOND], rel=1e-12)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"dataframe_split": [1]}, "send an object with 'columns' and 'data'"),
        ({"dataframe_split": {"columns": ORDER}}, "'data' is null"),
        ({"dataframe_split": {"columns": "abc", "data": []}}, "send a list of names"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "more than once"),
        ({"dataframe_split": {"columns": ORDER, "data": [[1]]}}, "data[0] is [1]; expected a list of 3"),
        ({"dataframe_records": [[1]]}, "has an item that is no object"),
        ({"dataframe_records": {}}, "send a list"),
        ({"frame": []}, "send one of 'dataframe_split'"),
    ],
)
async def test_a_wrong_frame_is_explained(call: Any, document: Any, message: str) -> None:
    reply = await call("POST", "/invocations", document)
    assert reply.status == 422
    assert message in reply.document["error"]


async def test_invocations_take_csv_and_arrow_and_answer_as_asked(call: Any) -> None:
    csv = b"4,20.5,monthly\n50,,yearly\n"
    reply = await call("POST", "/invocations", raw=[csv], content_type="text/csv")
    assert scores(reply.document["predictions"]) == pytest.approx([FIRST, SECOND], rel=1e-12)
    reply = await call("POST", "/invocations", raw=[csv], content_type="text/csv", accept="text/csv")
    lines = reply.body.decode().splitlines()
    assert lines[0] == '"label","probabilities.no","probabilities.yes"'
    assert float(lines[1].split(",")[2]) == pytest.approx(FIRST, rel=1e-12)
    assert reply.headers["hythe-version"] == "1.0.0"
    sink = pa.BufferOutputStream()
    table = pa.table(COLUMNS)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    kind = "application/vnd.apache.arrow.stream"
    body = sink.getvalue().to_pybytes()
    reply = await call("POST", "/invocations", raw=[body], content_type=kind, accept=kind)
    answers = pa.ipc.open_stream(reply.body).read_all()
    assert [row[1] for row in answers["probabilities"].to_pylist()] == pytest.approx(
        [FIRST, SECOND], rel=1e-12
    )


async def test_sagemaker_and_mlflow_are_told_that_the_server_is_well(call: Any) -> None:
    assert (await call("GET", "/ping")).status == 200
    assert (await call("GET", "/health")).body == b"\n"
    assert (await call("GET", "/version")).body
    call.app.state.draining = True
    assert (await call("GET", "/ping")).status == 503


async def test_one_of_several_endpoints_is_named_in_a_header(several: Any) -> None:
    document = {"instances": [ROW]}
    reply = await several("POST", "/invocations", document)
    assert (reply.status, reply.document["code"]) == (400, "unsupported")
    assert "one of the endpoints churn, image, text" in reply.document["error"]
    target = {"x_amzn_sagemaker_target_model": "churn.tar.gz"}
    assert (await several("POST", "/invocations", document, **target)).status == 200
    attributes = {"x_amzn_sagemaker_custom_attributes": "trace=1, endpoint=churn"}
    assert (await several("POST", "/invocations", document, **attributes)).status == 200
    unknown = {"x_amzn_sagemaker_target_model": "nothing"}
    assert (await several("POST", "/invocations", document, **unknown)).status == 404


async def test_vertex_asks_where_it_says(several: Any) -> None:
    assert (await several("GET", "/vertex/health")).document == {"ready": True}
    document = {"instances": [ROW], "parameters": {"endpoint": "churn"}}
    reply = await several("POST", "/vertex/predict", document)
    assert reply.document["deployedModelId"] == "17"
    assert scores(reply.document["predictions"]) == pytest.approx([FIRST], rel=1e-12)
    assert (await several("POST", "/vertex/predict", {"instances": [ROW]})).status == 400


def test_vertex_is_served_only_where_it_set_its_variables() -> None:
    assert vertex_routes({}) is None
    assert vertex_port({}) is None
    assert vertex_routes({"AIP_PREDICT_ROUTE": "/x"}) == VertexRoutes(health="/health", predict="/x")
    for wrong in ("predict", "/{x}", "/a?b"):
        with pytest.raises(Invalid, match="AIP_PREDICT_ROUTE"):
            vertex_routes({"AIP_PREDICT_ROUTE": wrong})
    for wrong in ("0", "65536", "x", "٣"):
        with pytest.raises(Invalid, match="AIP_HTTP_PORT"):
            vertex_port({"AIP_HTTP_PORT": wrong})


IMAGE_BYTES = PIXELS.tobytes()


def oip(name: str, shape: Sequence[int], word: str, data: Any) -> dict[str, Any]:
    return {"inputs": [{"name": name, "shape": list(shape), "datatype": word, "data": data}]}


@pytest.mark.parametrize(
    ("path", "document", "find"),
    [
        (
            "/predict/image",
            {"rows": [{"image": PIXELS.tolist()}]},
            lambda d: d["predictions"][0]["brightness"],
        ),
        ("/v1/models/image:predict", {"instances": [PIXELS.tolist()]}, lambda d: d["predictions"][0]),
        (
            "/v1/models/image:predict",
            {"instances": [{"image": PIXELS.tolist()}]},
            lambda d: d["predictions"][0],
        ),
        ("/v1/models/image:predict", {"instances": [b64(IMAGE_BYTES)]}, lambda d: d["predictions"][0]),
        (
            "/v1/models/image:predict",
            {"instances": [{"image": b64(IMAGE_BYTES)}]},
            lambda d: d["predictions"][0],
        ),
        ("/v1/models/image:predict", {"inputs": [PIXELS.tolist()]}, lambda d: d["outputs"][0]),
        ("/v1/models/image:predict", {"inputs": {"image": [b64(IMAGE_BYTES)]}}, lambda d: d["outputs"][0]),
        ("/invocations", {"inputs": {"image": [PIXELS.tolist()]}}, lambda d: d["predictions"][0]),
        ("/invocations", {"instances": [b64(IMAGE_BYTES)]}, lambda d: d["predictions"][0]),
        (
            "/vertex/predict",
            {"instances": [b64(IMAGE_BYTES)], "parameters": {"endpoint": "image"}},
            lambda d: d["predictions"][0],
        ),
        (
            "/v2/models/image/infer",
            oip("image", [1, 2, 2, 3], "UINT8", PIXELS.ravel().tolist()),
            lambda d: d["outputs"][0]["data"][0],
        ),
    ],
)
async def test_an_image_travels_through_every_door(several: Any, path: str, document: Any, find: Any) -> None:
    reply = await several("POST", path, document, x_amzn_sagemaker_target_model="image")
    assert reply.status == 200, reply.document
    assert find(reply.document) == pytest.approx(5.5)


@pytest.mark.parametrize(
    ("path", "document", "find"),
    [
        ("/predict/text", {"rows": [{"text": GREETING}]}, lambda d: d["predictions"][0]["greets"]),
        ("/v1/models/text:predict", {"instances": [GREETING]}, lambda d: d["predictions"][0]),
        ("/v1/models/text:predict", {"instances": [b64(GREETING.encode())]}, lambda d: d["predictions"][0]),
        ("/v1/models/text:predict", {"inputs": {"text": [GREETING]}}, lambda d: d["outputs"][0]),
        ("/v1/models/text:predict", {"inputs": [GREETING]}, lambda d: d["outputs"][0]),
        ("/invocations", {"dataframe_split": {"data": [[GREETING]]}}, lambda d: d["predictions"][0]),
        (
            "/v2/models/text/infer",
            oip("text", [1], "BYTES", [GREETING]),
            lambda d: d["outputs"][0]["data"][0],
        ),
    ],
)
async def test_text_travels_through_every_door(several: Any, path: str, document: Any, find: Any) -> None:
    reply = await several("POST", path, document, x_amzn_sagemaker_target_model="text")
    assert reply.status == 200, reply.document
    assert find(reply.document) is True


async def test_tensors_travel_as_bytes(several: Any) -> None:
    raw = {"raw": [IMAGE_BYTES], "inference_header_content_length": "0"}
    reply = await several("POST", "/v2/models/image/infer", **raw)
    length = int(reply.headers["inference-header-content-length"])
    assert struct.unpack("<f", reply.body[length:]) == pytest.approx((5.5,))
    raw = {"raw": [GREETING.encode()], "inference_header_content_length": "0"}
    reply = await several("POST", "/v2/models/text/infer", **raw)
    assert reply.body.endswith(b"\x01")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"instances": [b64(IMAGE_BYTES[:-1])]}, "has 11 bytes, which are no uint8 [2, 2, 3]"),
        ({"instances": [[[1]]]}, "has the shape"),
        ({"instances": [{"image": [[b64(b"a")]]}]}, "image"),
        ({"inputs": b64(IMAGE_BYTES)}, "image"),
    ],
)
async def test_a_wrong_image_is_explained(several: Any, document: Any, message: str) -> None:
    reply = await several("POST", "/v1/models/image:predict", document)
    assert reply.status == 422
    assert message in reply.document["error"]


async def test_large_csv_is_compressed_where_offered_and_arrow_never(several: Any) -> None:
    many = pa.concat_tables([pa.table(COLUMNS)] * 700)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, many.schema) as writer:
        writer.write_table(many.combine_chunks())
    arrow = "application/vnd.apache.arrow.stream"
    given = {"raw": [sink.getvalue().to_pybytes()], "content_type": arrow, "accept_encoding": "gzip"}
    reply = await several("POST", "/predict/churn", **given)
    assert (reply.status, reply.headers.get("content-encoding")) == (200, None)
    reply = await several("POST", "/predict/churn", **given, accept="text/csv")
    assert (reply.status, reply.headers["content-encoding"]) == (200, "gzip")
    assert len(gzip.decompress(reply.body).splitlines()) == 1401
