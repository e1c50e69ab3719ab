"""The clients that people already have, unchanged, against a running server."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from hythe.base.errors import Unsupported
from hythe.dataplane.admit import Limits
from hythe.server.serve import ServeConfig
from hythe.testing.server import Running, running
from hythe.testing.services import or_skip
from hythe.testing.tensors import image_endpoint, text_endpoint
from hythe.testing.tiny import expected, tiny_endpoint

pytestmark = pytest.mark.integration

ROWS: list[dict[str, Any]] = [
    {"tenure": 4, "total charges": 20.5, "contract": "monthly"},
    {"tenure": 50, "total charges": None, "contract": "yearly"},
]
WANTED = [expected(row) for row in ROWS]
PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
ROOT = Path(__file__).parents[2]
KSERVE = Path(os.environ.get("HYTHE_KSERVE_PYTHON", ROOT / ".clients/kserve/bin/python"))
"""An interpreter that has kserve, which needs older releases of what Hythe uses: `make clients`."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("clients")
    endpoints = [tiny_endpoint(folder), image_endpoint(folder), text_endpoint(folder)]
    config = ServeConfig(port=0, limits=Limits(body_bytes=10_000_000))
    with running(endpoints, config, log=folder / "log") as found:
        yield found


@pytest.fixture(scope="module")
def triton(server: Running) -> Iterator[Any]:
    http = pytest.importorskip("tritonclient.http")
    with http.InferenceServerClient(server.url.removeprefix("http://")) as client:
        yield client


def churn(*, binary: bool) -> list[Any]:
    http = pytest.importorskip("tritonclient.http")
    columns = [
        ("tenure", "INT64", np.array([[4], [50]], dtype=np.int64)),
        ("total charges", "FP64", np.array([[20.5], [np.nan]])),
        ("contract", "BYTES", np.array([["monthly"], ["yearly"]], dtype=object)),
    ]
    if not binary:
        columns[1] = ("total charges", "FP64", np.array([[20.5], [50.0]]))
    inputs = []
    for name, word, array in columns:
        inputs.append(http.InferInput(name, array.shape, word))
        inputs[-1].set_data_from_numpy(array, binary_data=binary)
    return inputs


def test_triton_reads_what_there_is(triton: Any) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("churn")
    assert triton.is_model_ready("churn", "1.0.0")
    assert "binary_tensor_data" in triton.get_server_metadata()["extensions"]
    assert triton.get_model_metadata("image")["inputs"] == [
        {"name": "image", "datatype": "UINT8", "shape": [-1, 2, 2, 3]}
    ]
    assert [item["name"] for item in triton.get_model_repository_index()] == ["churn", "image", "text"]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_triton_is_answered(triton: Any, binary_in: bool, binary_out: bool, compression: str | None) -> None:
    http = pytest.importorskip("tritonclient.http")
    outputs = [http.InferRequestedOutput(name, binary_data=binary_out) for name in ("probabilities", "label")]
    result = triton.infer(
        "churn",
        churn(binary=binary_in),
        outputs=outputs,
        request_id="7",
        request_compression_algorithm=compression,
        response_compression_algorithm=compression,
    )
    assert result.get_response()["id"] == "7"
    assert result.as_numpy("probabilities")[:, 1] == pytest.approx(WANTED, rel=1e-12)
    assert [str(x.decode()) if isinstance(x, bytes) else x for x in result.as_numpy("label")] == ["yes", "no"]


def test_triton_without_outputs_gets_all_of_them_as_bytes(triton: Any) -> None:
    result = triton.infer("churn", churn(binary=True), model_version="1.0.0")
    assert result.as_numpy("probabilities")[:, 1] == pytest.approx(WANTED, rel=1e-12)
    assert result.as_numpy("label").tolist() == [b"yes", b"no"]


def test_triton_reads_large_compressed_answers(triton: Any) -> None:
    http = pytest.importorskip("tritonclient.http")
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (8000, 2, 2, 3), dtype=np.uint8)
    given = http.InferInput("image", images.shape, "UINT8")
    given.set_data_from_numpy(images)
    for algorithm in (None, "gzip", "deflate"):
        result = triton.infer("image", [given], response_compression_algorithm=algorithm)
        assert result.as_numpy("brightness") == pytest.approx(images.mean(axis=(1, 2, 3)), rel=1e-5)


def test_triton_sends_many_at_once(triton: Any, server: Running) -> None:
    http = pytest.importorskip("tritonclient.http")
    with http.InferenceServerClient(server.url.removeprefix("http://"), concurrency=4) as client:
        asked = [client.async_infer("churn", churn(binary=True)) for _ in range(20)]
        for each in asked:
            assert each.get_result().as_numpy("probabilities")[:, 1] == pytest.approx(WANTED, rel=1e-12)


def test_triton_hears_what_is_wrong(triton: Any) -> None:
    http = pytest.importorskip("tritonclient.http")
    utils = pytest.importorskip("tritonclient.utils")
    given = http.InferInput("image", [2, 2, 3], "UINT8")
    given.set_data_from_numpy(PIXELS[0])
    with pytest.raises(utils.InferenceServerException, match="image has the shape"):
        triton.infer("image", [given])
    with pytest.raises(utils.InferenceServerException, match="there is no endpoint 'nothing'"):
        triton.infer("nothing", [given])


def kserve(url: str, protocol: str, calls: list[dict[str, Any]]) -> list[Any]:
    """Make calls with kserve's client in its own environment; gives what each returned."""
    with or_skip():
        if not KSERVE.is_file():
            raise Unsupported(f"there is no {KSERVE}; 'make clients' installs kserve there")
    script = Path(__file__).parent / "clients" / "kserve_calls.py"
    told = json.dumps({"url": url, "protocol": protocol, "calls": calls})
    done = subprocess.run(
        [KSERVE, script], input=told, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_kserves_client_speaks_v1(server: Running) -> None:
    live, ready, predicted, failed = kserve(
        server.url,
        "v1",
        [
            {"call": "is_server_live"},
            {"call": "is_model_ready", "model_name": "churn"},
            {"call": "infer", "model_name": "churn", "data": {"instances": ROWS}},
            {"call": "infer", "model_name": "churn", "data": {"instances": 7}},
        ],
    )
    assert (live, ready) == (True, True)
    scores = [answer["probabilities"]["yes"] for answer in predicted["predictions"]]
    assert scores == pytest.approx(WANTED, rel=1e-12)
    assert "'instances' is 7; send a list" in failed["raised"]
    assert "422" in failed["raised"]


def test_kserves_client_speaks_v2(server: Running) -> None:
    inputs = [
        {"name": "tenure", "shape": [2], "datatype": "INT64", "values": [4, 50]},
        {"name": "total charges", "shape": [2], "datatype": "FP64", "values": [20.5, None]},
        {"name": "contract", "shape": [2], "datatype": "BYTES", "values": ["monthly", "yearly"]},
    ]
    calls: list[dict[str, Any]] = [
        {"call": "is_server_live"},
        {"call": "is_server_ready"},
        {"call": "is_model_ready", "model_name": "churn"},
    ]
    calls += [
        {"call": "infer", "model_name": "churn", "inputs": inputs, "binary": flag} for flag in (True, False)
    ]
    *told, binary, plain = kserve(server.url, "v2", calls)
    assert told == [True, True, True]
    for answer in (binary, plain):
        assert (answer["model_name"], answer["outputs"]["label"]) == ("churn", ["yes", "no"])
    assert np.ravel(binary["outputs"]["probabilities"])[1::2] == pytest.approx(WANTED, rel=1e-12)
    assert np.ravel(plain["outputs"]["probabilities"])[1] == pytest.approx(WANTED[0], rel=1e-12)


MLFLOW: list[dict[str, Any]] = [
    {"dataframe_split": {"columns": list(ROWS[0]), "data": [list(row.values()) for row in ROWS]}},
    {"dataframe_records": ROWS},
    {"instances": ROWS},
    {"inputs": {name: [row[name] for row in ROWS] for name in ROWS[0]}},
]


@pytest.mark.parametrize("document", MLFLOW, ids=[next(iter(document)) for document in MLFLOW])
def test_mlflows_bodies_are_answered(server: Running, document: dict[str, Any]) -> None:
    headers = {"X-Amzn-SageMaker-Target-Model": "churn", "Content-Type": "application/json; charset=utf-8"}
    reply = httpx.post(f"{server.url}/invocations", content=json.dumps(document), headers=headers)
    scores = [answer["probabilities"]["yes"] for answer in reply.json()["predictions"]]
    assert scores == pytest.approx(WANTED, rel=1e-12)
