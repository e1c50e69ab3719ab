"""One line of JSON for each request, in the field names of ECS, written from records in batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from hythe.monitor.records.call import CACHED, DEGRADED, PART, UNSEEN
from hythe.monitor.records.grpc_status import GRPC, grpc_status
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.trace_context import trace_id

_RESULTS = {"answered": "success"}


class _Line(msgspec.Struct, gc=False, omit_defaults=True, rename={
    "at": "@timestamp", "level": "log.level", "ecs": "ecs.version", "service": "service.name",
    "dataset": "event.dataset", "result": "event.outcome", "reason": "event.reason",
    "duration_ns": "event.duration", "status": "http.response.status_code",
    "rpc_status": "rpc.response.status_code", "bytes_in": "http.request.body.bytes",
    "bytes_out": "http.response.body.bytes", "caller": "user.name", "trace": "trace.id",
    "id": "hythe.prediction_id", "endpoint": "hythe.endpoint",
    "version": "hythe.version", "door": "hythe.door", "rows": "hythe.rows", "queue_ns": "hythe.queue_ns",
    "path": "url.path", "degraded": "hythe.degraded", "cached": "hythe.cached",
}):  # fmt: skip
    """A line; what is empty is left out."""

    at: str
    level: str
    ecs: str
    service: str
    dataset: str
    result: str
    duration_ns: int
    endpoint: str = ""
    rows: int = 0
    version: str = ""
    id: str = ""
    reason: str = ""
    status: int = 0
    rpc_status: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    caller: str = ""
    trace: str = ""
    door: str = ""
    queue_ns: int = 0
    degraded: bool = False
    cached: bool = False
    path: str = ""


_encode = msgspec.json.Encoder().encode_lines


def lines(records: Sequence[BatchRecord], trace_share: float = 0.0) -> bytes:
    """Write the lines of all requests in `records`; a request that came in parts has one.

    `trace_share` is that of the requests without a trace of their caller's that are traced.
    """
    found = []
    for record in records:
        endpoint, version = record.layout.endpoint, record.layout.version
        for call, at_ns in zip(record.calls, record.moments(), strict=True):
            flags = call.flags
            if flags & (PART | UNSEEN):
                continue
            found.append(
                _Line(
                    _moment(at_ns),
                    "error" if call.outcome == "failed" else "info",
                    "8.11.0",
                    "hythe",
                    "hythe.access",
                    _RESULTS.get(call.outcome, "failure"),
                    int(call.duration_s * 1e9),
                    endpoint,
                    call.first + call.rows,
                    version,
                    call.id,
                    call.reason,
                    0 if call.door == GRPC else call.status,
                    grpc_status(call) if call.door == GRPC else "",
                    call.bytes_in,
                    call.bytes_out,
                    call.caller,
                    trace_id(call.trace, call.id, trace_share) if call.trace or trace_share > 0 else "",
                    call.door,
                    int(call.queue_s * 1e9),
                    bool(flags & DEGRADED),
                    bool(flags & CACHED),
                    call.path,
                )
            )
    return _encode(found)


@lru_cache(maxsize=1)  # the requests of a batch follow each other
def _moment(at_ns: int) -> str:
    """Write UTC nanoseconds as RFC 3339 with milliseconds.

    >>> _moment(1_767_323_045_678_000_000)
    '2026-01-02T03:04:05.678Z'
    """
    seconds, rest = divmod(at_ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
