"""Spans of a real server, as a collector takes them, against what the client saw by its own clock."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton

from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.tracing import Tracing
from hythe.testing.collector import Collector, attributes, collecting
from hythe.testing.server import Running, running
from hythe.testing.services import or_skip, rotel
from hythe.testing.tiny import tiny_endpoint
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
TENSORS = {
    "inputs": [
        {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [4]},
        {"name": "total charges", "datatype": "FP64", "shape": [1], "data": [20.5]},
        {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["monthly"]},
    ]
}
SLACK_NS = 1_000_000_000
"""A server takes the time after its reply has left, and may have lost the processor in between."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def serving(folder: Path, url: str, share: float = 0.0, **changes: Any) -> Any:
    config = ServeConfig(
        port=0,
        tracing=Tracing(f"{url}/v1/traces", share),
        supervisor=SupervisorConfig(workers=2, drain_s=0.1),
        **changes,
    )
    return running([tiny_endpoint(folder)], config, log=folder / "log")


@pytest.fixture
def server(tmp_path: Path, collector: Collector) -> Iterator[Running]:
    with serving(tmp_path, collector.url, grpc_port=0, access_log=str(tmp_path / "access.log")) as found:
        yield found


def traceparent(number: int, *, sampled: bool = True) -> str:
    return f"00-{number:032x}-{number:016x}-0{int(sampled)}"


def by_trace(spans: list[Any]) -> dict[int, dict[str, Any]]:
    """Sort spans by trace; a request's own span is `request`."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for span in spans:
        name = span.name if span.name in {"queue", "inference", "encode"} else "request"
        trace = found[int(span.trace_id.hex(), 16)]
        assert name not in trace, "a span came twice"
        trace[name] = span
    return found


def lies_behind(trace: dict[str, Any]) -> None:
    """Check that the steps are children of the request, and lie behind each other within it."""
    request = trace["request"]
    steps = [trace[name] for name in ("queue", "inference", "encode")]
    assert {step.parent_span_id for step in steps} == {request.span_id}
    times = [time for step in steps for time in (step.start_time_unix_nano, step.end_time_unix_nano)]
    assert times == sorted(times)
    assert times[1:5:2] == times[2:6:2]
    assert request.start_time_unix_nano <= times[0]
    assert times[-1] == request.end_time_unix_nano


def test_requests_are_traced_where_and_when_their_callers_saw_them(
    server: Running, collector: Collector
) -> None:
    n, seen = 200, {}
    with httpx.Client(base_url=server.url) as client, ThreadPoolExecutor(8) as pool:

        def ask(number: int) -> None:
            rows, header = [ROW] * (1 + number % 3), {"traceparent": traceparent(number)}
            begun_ns = time.time_ns()
            reply = client.post("/predict/churn", json={"rows": rows}, headers=header)
            seen[number] = begun_ns, time.time_ns(), reply

        list(pool.map(ask, range(1, n + 1)))
    traces = by_trace(collector.until(4 * n))
    assert set(traces) == set(seen)
    batches = defaultdict(list)
    for number, trace in traces.items():
        begun_ns, ended_ns, reply = seen[number]
        lies_behind(trace)
        request, said = trace["request"], attributes(trace["request"])
        assert (request.kind, int(request.parent_span_id.hex(), 16)) == (2, number)  # SPAN_KIND_SERVER
        assert begun_ns <= request.start_time_unix_nano <= request.end_time_unix_nano <= ended_ns + SLACK_NS
        assert said["hythe.prediction_id"] == reply.json()["prediction_id"]
        assert said["http.response.status_code"] == reply.status_code == 200
        assert said["http.response.body.size"] == len(reply.content)
        assert said["http.request.body.size"] == int(reply.request.headers["content-length"])
        assert said["hythe.rows"] == 1 + number % 3
        run = attributes(trace["inference"])
        batches[run["hythe.batch.id"]].append(
            (said["hythe.rows"], run["hythe.batch.rows"], trace["inference"])
        )
    for shared in batches.values():
        assert {rows for _, rows, _ in shared} == {sum(rows for rows, _, _ in shared)}
        # Each has its own time of writing, by which the common call is placed; it took as long for all.
        [seconds] = {run.end_time_unix_nano - run.start_time_unix_nano for _, _, run in shared}
        assert seconds > 0


def infer(address: str, header: str) -> str:
    """Ask over gRPC; give the prediction id."""
    with triton.InferenceServerClient(address) as client:
        inputs = [
            triton.InferInput("tenure", [1], "INT64"), triton.InferInput("total charges", [1], "FP64"),
            triton.InferInput("contract", [1], "BYTES"),
        ]  # fmt: skip
        values = (np.array([4]), np.array([20.5]), np.array([b"monthly"], dtype=object))
        for tensor, value in zip(inputs, values, strict=True):
            tensor.set_data_from_numpy(value)
        found = client.infer("churn", inputs, headers={"traceparent": header})
        return str(found.get_response().parameters["prediction_id"].string_param)


def test_every_door_is_traced_and_logged_with_what_its_caller_got(
    server: Running, collector: Collector, tmp_path: Path
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/predict/churn", {"json": {"rows": [ROW]}}),
        ("/predict/churn", {"content": "tenure,total charges,contract\n4,20.5,monthly\n",
                            "headers": {"content-type": "text/csv"}}),
        ("/v2/models/churn/infer", {"json": TENSORS}),
        ("/v2/models/churn/versions/1.0.0/infer", {"json": TENSORS}),
        ("/v1/models/churn:predict", {"json": {"instances": [ROW]}}),
        ("/invocations", {"json": {"dataframe_records": [ROW]}}),
    ]  # fmt: skip
    replies = {}
    with httpx.Client(base_url=server.url) as client:
        for number, (path, given) in enumerate(asked, start=1):
            headers = {"traceparent": traceparent(number), **given.pop("headers", {})}
            replies[number] = client.post(path, headers=headers, **given)
            assert replies[number].status_code == 200, replies[number].text
    prediction = infer(server.grpc, traceparent(7))
    traces = by_trace(collector.until(4 * 7))
    lines = logged(tmp_path / "access.log", 7)
    for trace in traces.values():
        lies_behind(trace)
    for number, reply in replies.items():
        said, line = attributes(traces[number]["request"]), lines[f"{number:032x}"]
        assert said["url.path"] == reply.request.url.path
        assert said["http.response.status_code"] == line["http.response.status_code"] == 200
        assert said["http.response.body.size"] == line["http.response.body.bytes"] == len(reply.content)
        assert line["http.request.body.bytes"] == int(reply.request.headers["content-length"])
        assert 0 < line["hythe.queue_ns"] < line["event.duration"]
    said, line = attributes(traces[7]["request"]), lines[f"{7:032x}"]
    assert said["hythe.prediction_id"] == line["hythe.prediction_id"] == prediction
    assert said["rpc.response.status_code"] == line["rpc.response.status_code"] == "OK"
    assert line["http.response.body.bytes"] > 0


def logged(path: Path, n: int) -> dict[str, Any]:
    """Wait for so many lines of an access log; give them by trace."""
    until(lambda: path.exists() and path.read_bytes().count(b"\n") >= n)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["trace.id"]: line for line in lines}


def test_callers_decide_and_failures_of_theirs_are_no_errors(server: Running, collector: Collector) -> None:
    with httpx.Client(base_url=server.url) as client:
        for number in range(1, 20):
            header = {"traceparent": traceparent(number, sampled=number % 4 == 0)}
            reply = client.post("/predict/churn", json={"rows": [{}]}, headers=header)
            assert reply.status_code == 422
        client.post("/predict/churn", json={"rows": [ROW]})
        client.post("/predict/churn", json={"rows": [ROW]}, headers={"traceparent": "nonsense"})
        with pytest.raises(triton.InferenceServerException), triton.InferenceServerClient(server.grpc) as rpc:
            rpc.infer("churn", [], headers={"traceparent": traceparent(21)})
        client.post("/predict/churn", json={"rows": [ROW]}, headers={"traceparent": traceparent(22)})
    traces = by_trace(collector.until(4 + 1 + 4))
    assert set(traces) == {4, 8, 12, 16, 21, 22}
    assert {traces[number]["request"].status.code for number in traces} == {0}  # STATUS_CODE_UNSET
    assert attributes(traces[4]["request"])["http.response.status_code"] == 422
    expected = grpc.StatusCode.INVALID_ARGUMENT.name
    assert attributes(traces[21]["request"])["rpc.response.status_code"] == expected


def test_a_request_without_a_trace_has_one_by_its_prediction_id(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "the-shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.version=7")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=ana")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    with serving(tmp_path, collector.url, share=1.0) as server:
        reply = httpx.post(f"{server.url}/predict/churn", json={"rows": [ROW]})
        [(trace, spans)] = by_trace(collector.until(4)).items()
    assert f"{trace:032x}" == reply.json()["prediction_id"].replace("-", "")
    assert spans["request"].parent_span_id == b""
    assert (collector.resource["service.name"], collector.resource["service.version"]) == ("the-shop", "7")
    assert collector.resource["deployment.environment.name"] == "test"
    assert (collector.headers["x-tenant"], collector.headers["content-encoding"]) == ("ana", "gzip")


def test_a_collector_that_takes_nothing_costs_its_spans_and_nothing_else(
    server: Running, collector: Collector, tmp_path: Path
) -> None:
    collector.status = 400
    with httpx.Client(base_url=server.url) as client:
        for number in range(1, 11):
            header = {"traceparent": traceparent(number)}
            assert client.post("/predict/churn", json={"rows": [ROW]}, headers=header).status_code == 200
        collector.until_refused(40)
        assert len(logged(tmp_path / "access.log", 10)) == 10
        lost = 'hythe_observations_lost_total{reason="spans"} 40'
        until(lambda: lost in client.get("/metrics").text)
        collector.status = 200
        client.post("/predict/churn", json={"rows": [ROW]}, headers={"traceparent": traceparent(11)})
        assert set(by_trace(collector.until(4))) == {11}
    server.terminate()
    assert server.wait() == 0
    said = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if "collector" in line]
    assert [line["log.level"] for line in said] == ["error", "info"]
    assert "400" in said[0]["reason"]


def test_the_end_of_a_server_brings_the_last_spans_away(server: Running, collector: Collector) -> None:
    def ask(number: int) -> None:
        header = {"traceparent": traceparent(number)}
        httpx.post(f"{server.url}/predict/churn", json={"rows": [ROW]}, headers=header)

    ask(1)
    collector.until(4)  # the exporter is there; its first use takes seconds where there is much to do
    for number in range(2, 6):
        ask(number)
    server.terminate()
    assert server.wait() == 0
    assert set(by_trace(collector.spans)) == {1, 2, 3, 4, 5}


def test_a_collector_of_others_takes_the_spans_and_hands_them_on(
    tmp_path: Path, collector: Collector
) -> None:
    with or_skip(), rotel(tmp_path / "rotel", collector.url) as url, serving(tmp_path, url) as server:
        header = {"traceparent": traceparent(3)}
        httpx.post(f"{server.url}/predict/churn", json={"rows": [ROW]}, headers=header)
        traces = by_trace(collector.until(4))
    assert "Rotel" in collector.headers["user-agent"]
    lies_behind(traces[3])
    assert attributes(traces[3]["request"])["url.path"] == "/predict/churn"
    assert collector.resource["service.name"] == os.environ.get("OTEL_SERVICE_NAME", "hythe")
