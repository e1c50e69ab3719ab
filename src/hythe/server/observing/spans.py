"""What became of a request, as the spans of its trace: itself, then its queue, inference and encode.

Attributes follow OpenTelemetry's semantic conventions for HTTP servers (stable) and gRPC servers (release
candidate), https://opentelemetry.io/docs/specs/semconv/; what they have no name for begins with `hythe.`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from hythe.monitor.records.call import CACHED, DEGRADED, PART, UNSEEN, Call
from hythe.monitor.records.grpc_status import GRPC, grpc_status
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.sample import drawn
from hythe.monitor.records.trace_context import Trace, sampled_trace

Attributes: TypeAlias = dict[str, str | int | bool]
GRPC_METHOD = "inference.GRPCInferenceService/ModelInfer"
ROUTES: Mapping[str, str] = {
    "json": "/predict/{endpoint}",
    "csv": "/predict/{endpoint}",
    "arrow": "/predict/{endpoint}",
    "open inference": "/v2/models/{model}/infer",
    "kserve v1": "/v1/models/{model}:predict",
    "invocations": "/invocations",
    "vertex": "/predict",
}
"""The route of each door, whose only parameter, if any, is the endpoint's name."""
ROUTES_OF_VERSION: Mapping[str, str] = {
    "open inference": "/v2/models/{model}/versions/{version}/infer",
    "kserve v1": "/v1/models/{model}/versions/{version}:predict",
}
"""The route of a door for one version, whatever the plan says."""


class Span(NamedTuple):
    """One span; `parent` is "" where the trace begins with it, `server` marks the request's own.

    Ids are hexadecimal, times UTC nanoseconds.
    """

    trace: str
    id: str
    parent: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    server: bool = False
    failed: bool = False


class Sampled(NamedTuple):
    """A request that is traced."""

    record: BatchRecord
    call: Call
    trace: Trace

    @property
    def n_spans(self) -> int:
        """How many spans it has."""
        return 4 if self.record.ran else 1


class SpanMaker:
    """Finds the sampled requests, a `share` of those without a trace of their own, and makes their spans."""

    def __init__(self, share: float, *, scheme: str = "http", routes: Mapping[str, str] = ROUTES) -> None:
        self.share = share
        self._scheme = scheme
        self._routes = routes

    def sampled(self, records: Sequence[BatchRecord]) -> Iterator[Sampled]:
        """Find the sampled requests."""
        # Most records have none, and are not taken apart.
        some = [r for r in records if r.calls.trace or any(drawn(r.calls.id, self.share))]
        for record in chain.from_iterable([record.apart() for record in some]):
            for call in record.calls:
                if call.id and not call.flags & (PART | UNSEEN):
                    trace = sampled_trace(call.trace, call.id, self.share)
                    if trace is not None:
                        yield Sampled(record, call, trace)

    def spans(self, sampled: Sampled) -> list[Span]:
        """Make the spans of a request, its own first."""
        record, call, trace = sampled
        end_ns, start_ns = record.at_ns, record.at_ns - _ns(call.duration_s)
        own = span_id(call.id, "request")
        describe = self._grpc if call.door == GRPC else self._http
        name, attributes = describe(record, call)
        attributes |= _common(record, call)
        server = Span(
            trace.id,
            own,
            trace.parent,
            name,
            start_ns,
            end_ns,
            attributes,
            server=True,
            failed=call.outcome == "failed",
        )
        return [server, *_steps(record, call, server)]

    def _http(self, record: BatchRecord, call: Call) -> tuple[str, Attributes]:
        endpoint, version = record.layout.endpoint, record.layout.version
        route = self._routes.get(call.door, "")
        if not call.share and version and not call.flags & DEGRADED:
            route = ROUTES_OF_VERSION.get(call.door, route)
        path = route.replace("{version}", quote(version))
        for parameter in ("{endpoint}", "{model}"):
            path = path.replace(parameter, quote(endpoint))
        attributes: Attributes = {
            "http.request.method": "POST",
            "http.route": route,
            "url.path": path,
            "url.scheme": self._scheme,
            "http.request.body.size": call.bytes_in,
        }
        if call.status:
            attributes["http.response.status_code"] = call.status
            attributes["http.response.body.size"] = call.bytes_out
        if call.outcome == "failed":
            attributes["error.type"] = call.reason
        return f"POST {route}", attributes

    def _grpc(self, _record: BatchRecord, call: Call) -> tuple[str, Attributes]:
        attributes: Attributes = {"rpc.system.name": "grpc", "rpc.method": GRPC_METHOD}
        status = grpc_status(call)
        if status:
            attributes["rpc.response.status_code"] = status
        if call.outcome == "failed":
            attributes["error.type"] = status or call.reason
        return GRPC_METHOD, attributes


def span_id(prediction_id: str, step: str) -> str:
    """Name a span by what it is of, so that one that is sent twice is known by its name."""
    return blake2b(f"{prediction_id} {step}".encode(), digest_size=8).hexdigest()


def _common(record: BatchRecord, call: Call) -> Attributes:
    """Say what is the same for every door."""
    found: Attributes = {
        "hythe.endpoint": record.layout.endpoint,
        "hythe.version": record.layout.version,
        "hythe.prediction_id": call.id,
        "hythe.door": call.door,
        "hythe.outcome": call.outcome,
        "hythe.reason": call.reason,
        "hythe.rows": call.first + call.rows,
        "hythe.degraded": bool(call.flags & DEGRADED),
        "hythe.cached": bool(call.flags & CACHED),
        "user.name": call.caller,
    }
    return {name: value for name, value in found.items() if value}


def _steps(record: BatchRecord, call: Call, server: Span) -> Iterator[Span]:
    """Give the steps of a request that came to a model: each begins where the one before ends."""
    if not record.ran:
        return
    inferred_ns = server.end_ns - _ns(record.encode_s)
    called_ns = inferred_ns - _ns(record.inference_s)
    queued_ns = max(called_ns - _ns(call.queue_s), server.start_ns)
    shared: Attributes = {"hythe.batch.id": record.batch, "hythe.batch.rows": record.run_rows}
    for name, start_ns, end_ns, attributes in (
        ("queue", queued_ns, called_ns, {}),
        ("inference", called_ns, inferred_ns, shared),
        ("encode", inferred_ns, server.end_ns, {}),
    ):
        yield Span(server.trace, span_id(call.id, name), server.id, name, start_ns, end_ns, attributes)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
