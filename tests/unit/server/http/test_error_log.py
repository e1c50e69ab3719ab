"""Every 5xx leaves a line that says which request had it."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from hythe.base.errors import Corrupt, TimedOut, Unavailable
from hythe.dataplane.faults import FAULTS
from hythe.server.http.http_server import HttpLimits, HttpServer

TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"
TENSORS = {
    "inputs": [
        {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [4]},
        {"name": "total charges", "datatype": "FP64", "shape": [1], "data": [20.5]},
        {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["monthly"]},
    ]
}
ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
DOORS = [("/predict/churn", {"rows": [ROW]}), ("/v2/models/churn/infer", TENSORS)]
FAULTS_AND_STATUS = [
    (ZeroDivisionError("a secret"), 500), (Corrupt("bytes"), 500), (Unavailable("away"), 503),
    (TimedOut("late"), 504),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FAULTS, "_known", {})


def raising(err: Exception) -> Any:
    def broken(*_: Any) -> None:
        raise err

    return broken


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(("path", "document"), DOORS, ids=["json", "tensors"])
@pytest.mark.parametrize(("err", "status"), FAULTS_AND_STATUS, ids=lambda item: type(item).__name__)
async def test_a_fault_of_the_model_is_told_with_the_request_that_had_it(
    call: Any, path: str, document: Any, err: Exception, status: int,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("hythe.runtime.session.OnnxSession.feed", raising(err))
    reply = await call("POST", path, document, traceparent=TRACE)
    assert reply.status == status
    [line] = told(capsys)
    assert (line["hythe.endpoint"], line["hythe.version"], line["trace.id"]) == ("churn", "1.0.0", "ab" * 16)
    assert len(line["hythe.prediction_id"]) == 36
    assert line["error.type"] == type(err).__name__
    assert "in broken\n" in line["error.stack_trace"]
    assert reply.document.get("id", line["error.id"]) == line["error.id"]


async def test_a_fault_while_the_reply_is_written_is_told_with_its_request(
    call: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hythe.server.http.inference._reply", raising(ZeroDivisionError("a secret")))
    reply = await call("POST", "/v2/models/churn/infer", TENSORS, traceparent=TRACE)
    [line] = told(capsys)
    assert (reply.status, reply.document["id"]) == (500, line["error.id"])
    assert (line["hythe.endpoint"], line["hythe.version"], line["trace.id"]) == ("churn", "1.0.0", "ab" * 16)


async def test_a_fault_of_another_path_is_told_with_the_path(
    call: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hythe.server.http.metrics.exposition", raising(ZeroDivisionError("a secret")))
    assert (await call("GET", "/metrics?x=1")).status == 500
    [line] = told(capsys)
    assert (line["url.path"], line["error.type"]) == ("/metrics", "ZeroDivisionError")


async def test_what_callers_do_wrong_leaves_no_line(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for path, document in (("/predict/churn", {}), ("/v2/models/churn/infer", {}), ("/nowhere", None)):
        assert (await call("POST", path, document)).status < 500
    assert told(capsys) == []


async def test_a_body_that_finds_no_room_leaves_a_line(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    server = HttpServer(call.app, door, limits=HttpLimits(held_bytes=10))
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /predict/churn HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n")
    async with asyncio.timeout(120):
        assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    writer.close()
    await server.stop()
    [line] = told(capsys)
    assert (line["error.code"], line["log.level"]) == ("unavailable", "error")
