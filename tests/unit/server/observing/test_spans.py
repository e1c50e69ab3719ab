"""A record's times as spans: nested, gapless, and named as OpenTelemetry's conventions say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hythe.dataplane.observe import Ids
from hythe.monitor.records.call import CACHED, DEGRADED, LATER, PART, RESCUED, SHADOW, Call
from hythe.monitor.records.calls import Calls, Runs
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.monitor.records.sample import sampled
from hythe.server.http.doors import make_app
from hythe.server.observing.spans import ROUTES, ROUTES_OF_VERSION, Span, SpanMaker

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{PARENT}-01"
END_NS = 1_767_323_045_000_000_000
MS = 1_000_000


def record(*calls: Call, ran: bool = True, version: str = "1.0.0") -> BatchRecord:
    layout = Layout("churn", version)
    return BatchRecord(layout, END_NS, 5, ran, 0.02, Calls.of(calls), [], {}, {}, 0.004, "first")


def call(**changes: Any) -> Call:
    given: dict[str, Any] = {
        "id": Ids().next(), "rows": 2, "duration_s": 0.05, "queue_s": 0.01, "door": "json", "status": 200,
        "bytes_in": 10, "bytes_out": 20, "trace": HEADER, "caller": "ana",
    }  # fmt: skip
    return Call(**{**given, **changes})


def spans(*calls: Call, share: float = 0.0, **changes: Any) -> list[Span]:
    [found] = traced(SpanMaker(share), record(*calls, **changes))
    return found


def traced(make: SpanMaker, *records: BatchRecord) -> list[list[Span]]:
    found = [(sampled.n_spans, make.spans(sampled)) for sampled in make.sampled(records)]
    assert [n for n, _ in found] == [len(spans) for _, spans in found]
    return [spans for _, spans in found]


def test_the_steps_of_a_request_lie_behind_each_other_within_it() -> None:
    request, queue, inference, encode = spans(call())
    times = [(span.start_ns - END_NS, span.end_ns - END_NS) for span in (request, queue, inference, encode)]
    assert times == [(-50 * MS, 0), (-34 * MS, -24 * MS), (-24 * MS, -4 * MS), (-4 * MS, 0)]
    assert [span.name for span in (queue, inference, encode)] == ["queue", "inference", "encode"]
    assert {span.parent for span in (queue, inference, encode)} == {request.id}
    assert (request.parent, request.server) == (PARENT, True)
    assert {span.trace for span in (request, queue, inference, encode)} == {TRACE}
    assert len({span.id for span in (request, queue, inference, encode)}) == 4


def test_requests_of_one_call_of_the_model_share_its_name() -> None:
    found = traced(SpanMaker(0.0), record(call(), call()))
    assert [spans[2].attributes for spans in found] == [
        {"hythe.batch.id": "first", "hythe.batch.rows": 5}
    ] * 2
    assert found[0][2].id != found[1][2].id


def test_a_request_says_what_was_asked_and_how_it_went() -> None:
    one = call(flags=DEGRADED | CACHED)
    [request, *_] = spans(one)
    assert (request.name, request.failed) == ("POST /predict/{endpoint}", False)
    assert request.attributes == {
        "http.request.method": "POST", "http.route": "/predict/{endpoint}", "url.path": "/predict/churn",
        "url.scheme": "http", "http.response.status_code": 200, "http.request.body.size": 10,
        "http.response.body.size": 20, "hythe.endpoint": "churn", "hythe.version": "1.0.0",
        "hythe.prediction_id": one.id, "hythe.door": "json", "hythe.outcome": "answered", "hythe.rows": 2,
        "hythe.degraded": True, "hythe.cached": True, "user.name": "ana",
    }  # fmt: skip


def test_a_call_of_grpc_is_told_by_its_own_conventions() -> None:
    [request, *_] = spans(call(door="grpc", status=14, outcome="failed", reason="unavailable"))
    name = "inference.GRPCInferenceService/ModelInfer"
    rpc = {key: value for key, value in request.attributes.items() if key.startswith(("rpc.", "error."))}
    assert (request.name, rpc) == (
        name,
        {"rpc.system.name": "grpc", "rpc.method": name, "rpc.response.status_code": "UNAVAILABLE",
         "error.type": "UNAVAILABLE"},
    )  # fmt: skip
    assert not [key for key in request.attributes if key.startswith(("http.", "url."))]


def test_only_the_servers_faults_are_errors() -> None:
    [refused] = spans(call(outcome="refused", reason="invalid", status=422), ran=False)
    assert (refused.failed, refused.attributes["hythe.reason"]) == (False, "invalid")
    assert "error.type" not in refused.attributes
    [failed] = spans(call(outcome="failed", reason="unavailable", status=503), ran=False)
    assert (failed.failed, failed.attributes["error.type"]) == (True, "unavailable")


def test_a_request_that_came_to_no_model_has_no_steps() -> None:
    assert len(spans(call(outcome="refused", reason="busy", status=429), ran=False)) == 1


def test_a_version_asked_for_by_number_has_the_path_that_was_asked() -> None:
    [request, *_] = spans(call(door="open inference", share=0.0))
    assert request.attributes["url.path"] == "/v2/models/churn/versions/1.0.0/infer"
    assert request.attributes["http.route"] == "/v2/models/{model}/versions/{version}/infer"


def test_a_reply_that_nobody_told_of_has_no_status() -> None:
    [request, *_] = spans(call(status=0, flags=LATER))
    assert not [key for key in request.attributes if key.startswith("http.response")]


def test_who_sends_a_header_decides_and_a_share_of_the_others_is_taken() -> None:
    unsampled = call(trace=HEADER[:-1] + "0")
    own = call(trace="")
    assert [spans[0].trace for spans in traced(SpanMaker(1.0), record(unsampled, own))] == [
        own.id.replace("-", "")
    ]
    assert spans(own, share=1.0)[0].parent == ""
    assert traced(SpanMaker(0.0), record(unsampled, own)) == []


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_of_the_requests_of_common_records_those_that_are_drawn_are_traced(share: float) -> None:
    calls = [call(trace="") for _ in range(600)]
    parts = [calls[start : start + 6] for start in range(0, len(calls), 6)]
    runs = Runs([END_NS - 2, END_NS - 1, END_NS], [0.02, None, 0.02], [0.0] * 3, [1, 2, 3], [2, 4, 6])
    records = [msgspec.structs.replace(record(*part), runs=runs) for part in parts]
    found = traced(SpanMaker(share), *records)
    assert [own.attributes["hythe.prediction_id"] for own, *_ in found] == [
        one.id for one in calls if sampled(one.id, share)
    ]


@pytest.mark.parametrize("flag", [SHADOW, RESCUED])
def test_what_no_caller_saw_is_no_request(flag: int) -> None:
    assert traced(SpanMaker(1.0), record(call(flags=flag))) == []


def test_an_answer_of_a_fallback_has_the_path_that_was_asked() -> None:
    [request, *_] = spans(call(door="open inference", share=0.0, flags=DEGRADED))
    assert request.attributes["url.path"] == "/v2/models/churn/infer"


def test_a_part_of_a_request_is_not_a_request() -> None:
    assert traced(SpanMaker(1.0), record(call(flags=PART))) == []


def test_a_span_that_is_made_twice_has_one_id() -> None:
    one = call()
    assert spans(one) == spans(one)


def test_a_clock_that_was_put_back_makes_no_step_before_its_request() -> None:
    request, queue, *_ = spans(call(duration_s=0.03, queue_s=0.5))
    assert queue.start_ns == request.start_ns


@pytest.mark.parametrize("route", sorted({*ROUTES.values(), *ROUTES_OF_VERSION.values()} - {"/predict"}))
def test_every_route_that_spans_name_is_one_of_the_servers(route: str) -> None:
    app = make_app(None, None)  # type: ignore[arg-type] # nothing is asked
    assert route in {found.path for found, _ in app._router._routes}
