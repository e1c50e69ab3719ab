"""What a request says beside its rows."""

from __future__ import annotations

from hythe.dataplane.admit import Limits
from hythe.server.http.request import Request

TRACE = b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01"


def traced(header: bytes) -> str:
    raw = {b"traceparent": header}
    return Request("POST", "/predict/churn", raw, b"", Limits(), lambda *_: None).ask().trace


def test_the_trace_of_a_request_is_its_callers() -> None:
    assert traced(TRACE) == TRACE.decode()


def test_a_header_without_end_is_not_carried_through_the_server() -> None:
    assert len(traced(b"a" * 60_000)) < 200
