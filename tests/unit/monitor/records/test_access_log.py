"""One line for each request, in ECS names, whatever callers put into their names."""

from __future__ import annotations

import json

import pytest

from hythe.monitor.records.access_log import lines
from hythe.monitor.records.call import CACHED, DEGRADED, LATER, PART, RESCUED, SHADOW, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout

AT_NS = 1_767_323_045_678_901_234


def written(*calls: Call, version: str = "1.0.0") -> list[dict[str, object]]:
    record = BatchRecord(Layout("churn", version), AT_NS, len(calls), True, 0.1, Calls.of(calls), [], {}, {})
    return [json.loads(line) for line in lines([record]).splitlines()]


def test_a_line_says_who_asked_what_and_how_it_went() -> None:
    call = Call(
        "id", 3, duration_s=0.00125, queue_s=0.0005, caller="ana", door="json", status=200, bytes_in=10,
        bytes_out=20, trace=f"00-{'ab' * 16}-{'cd' * 8}-00", flags=DEGRADED | CACHED,
    )  # fmt: skip
    assert written(call) == [
        {
            "@timestamp": "2026-01-02T03:04:05.678Z", "log.level": "info", "ecs.version": "8.11.0",
            "service.name": "hythe", "event.dataset": "hythe.access", "event.outcome": "success",
            "event.duration": 1_250_000, "hythe.endpoint": "churn", "hythe.version": "1.0.0",
            "hythe.prediction_id": "id", "hythe.rows": 3, "hythe.queue_ns": 500_000, "user.name": "ana",
            "hythe.door": "json", "http.response.status_code": 200, "http.request.body.bytes": 10,
            "http.response.body.bytes": 20, "trace.id": "ab" * 16, "hythe.degraded": True,
            "hythe.cached": True,
        }
    ]  # fmt: skip


def test_what_is_empty_is_left_out_and_failures_are_errors() -> None:
    [line] = written(Call("", 1, "failed", "unavailable"), version="")
    assert line["log.level"] == "error"
    assert (line["event.outcome"], line["event.reason"]) == ("failure", "unavailable")
    assert not {"user.name", "trace.id", "hythe.version", "hythe.cached"} & set(line)


def test_a_name_with_anything_in_it_stays_on_its_line() -> None:
    [line] = written(Call("id", 1, caller='a"\n{"user.name": "root"}\\'))
    assert line["user.name"] == 'a"\n{"user.name": "root"}\\'


def test_a_call_of_grpc_has_a_status_of_its_own() -> None:
    fine, broken = written(
        Call("a", 1, door="grpc"), Call("b", 1, "failed", "unavailable", door="grpc", status=14)
    )
    assert (fine["rpc.response.status_code"], broken["rpc.response.status_code"]) == ("OK", "UNAVAILABLE")
    assert not {"http.response.status_code"} & (set(fine) | set(broken))


def test_a_call_whose_end_nobody_told_claims_no_status() -> None:
    cut, cancelled = written(
        Call("a", 1, door="grpc", flags=LATER), Call("b", 1, "refused", "cancelled", door="grpc")
    )
    [unknown] = written(Call("c", 1, "failed", "internal", door="grpc", status=999))
    assert not {"rpc.response.status_code"} & (set(cut) | set(cancelled) | set(unknown))


@pytest.mark.parametrize("header", ["x", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"])
def test_what_is_no_trace_is_left_out(header: str) -> None:
    [line] = written(Call("id", 1, trace=header))
    assert "trace.id" not in line


@pytest.mark.parametrize("flag", [SHADOW, RESCUED])
def test_what_no_caller_saw_has_no_line(flag: int) -> None:
    assert [line["hythe.prediction_id"] for line in written(Call("a", 1), Call("b", 1, flags=flag))] == ["a"]


def test_a_request_in_parts_has_one_line() -> None:
    found = written(Call("a", 3, flags=PART), Call("a", 2, first=3))
    assert [line["hythe.rows"] for line in found] == [5]
