"""A collector of OpenTelemetry spans and metrics: OTLP over HTTP on a free port, as protobuf.

They are told as the protocol has them: `opentelemetry.proto.trace.v1.Span`, `…metrics.v1.Metric`.
"""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

from hythe.testing.waiting import PATIENCE_S


class Collector:
    """What was sent so far: `spans`, the newest of each of the `metrics` by name, the sender as `resource`.

    `status` is the answer to what is sent from now on; anything but 200 refuses it.
    """

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.spans: list[Any] = []
        self.metrics: dict[str, Any] = {}
        self.resource: dict[str, Any] = {}
        self.headers: Mapping[str, str] = {}
        self.refused = 0
        self._changed = Condition()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take one request; give the status."""
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if path == "/v1/metrics":
            return self._take_metrics(headers, body)
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        assert path == "/v1/traces", path
        told = ExportTraceServiceRequest.FromString(body)
        with self._changed:
            self.headers = headers
            for resource in told.resource_spans:
                found = [span for scope in resource.scope_spans for span in scope.spans]
                if self.status == 200:
                    self.resource = attributes(resource.resource)
                    self.spans += found
                else:
                    self.refused += len(found)
            self._changed.notify_all()
        return self.status

    def _take_metrics(self, headers: Mapping[str, str], body: bytes) -> int:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        told = ExportMetricsServiceRequest.FromString(body)
        with self._changed:
            self.headers = headers
            for resource in told.resource_metrics:
                self.resource = attributes(resource.resource)
                found = [metric for scope in resource.scope_metrics for metric in scope.metrics]
                self.metrics |= {metric.name: metric for metric in found} if self.status == 200 else {}
            self._changed.notify_all()
        return self.status

    def until_metric(self, name: str, holds: Callable[[Any], bool], patience_s: float = PATIENCE_S) -> Any:
        """Wait until a metric was sent of which something holds, and give it."""
        with self._changed:
            there = self._changed.wait_for(
                lambda: name in self.metrics and holds(self.metrics[name]), patience_s
            )
            assert there, self.metrics.get(name)
            return self.metrics[name]

    def until(self, spans: int, patience_s: float = PATIENCE_S) -> list[Any]:
        """Wait for so many spans, and give all there are."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.spans) >= spans, patience_s), len(self.spans)
            return list(self.spans)

    def until_refused(self, spans: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until so many spans were turned away."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.refused >= spans, patience_s), self.refused


def attributes(holder: Any) -> dict[str, Any]:
    """Read the attributes of a span or a resource."""
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in holder.attributes}


@contextlib.contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """Run a collector while the block runs."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(collector.take(self.path, headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
