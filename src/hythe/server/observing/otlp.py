"""Spans to a collector by OTLP over HTTP, with OpenTelemetry's own exporter.

The standard's environment variables for headers, certificates, timeout, compression and resource are read by
the exporter and the SDK themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hythe.base.version import VERSION
from hythe.runtime.log import Log
from hythe.runtime.otlp import SCOPE, Heard, make_resource
from hythe.server.observing.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

_LOG = Log("hythe.sidecar")


class Otlp:
    """Sends spans to the URL `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult

        self._endpoint = endpoint
        self._make = _Maker()
        self._exporter = OTLPSpanExporter(endpoint=endpoint)
        self._taken = SpanExportResult.SUCCESS
        self._heard = Heard()
        self._gone = False

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans, and tell whether they were taken; the log says once that they are not."""
        self._heard.listen()
        try:
            taken = self._exporter.export([self._make(span) for span in spans]) is self._taken
        except Exception as err:  # noqa: BLE001 - one span that cannot be sent must not end all tracing
            taken, self._heard.first = False, f"{type(err).__name__}: {err}"
        if not taken and not self._gone:
            reason = self._heard.first
            _LOG.error("spans are lost: the collector does not take them", url=self._endpoint, reason=reason)
        elif taken and self._gone:
            _LOG.info("the collector takes spans again", url=self._endpoint)
        self._gone = not taken
        return taken

    def stop(self) -> None:
        """Have a `send` under way give up."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _Maker:
    """Makes the SDK's spans."""

    def __init__(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._trace = trace
        self._span = ReadableSpan
        self._scope = InstrumentationScope(SCOPE, VERSION)
        self._resource = make_resource()

    def __call__(self, span: Span) -> ReadableSpan:
        trace = self._trace
        parent = self._context(span.trace, span.parent, remote=span.server) if span.parent else None
        return self._span(
            name=span.name,
            context=self._context(span.trace, span.id),
            parent=parent,
            resource=self._resource,
            attributes=span.attributes,
            kind=trace.SpanKind.SERVER if span.server else trace.SpanKind.INTERNAL,
            status=trace.Status(trace.StatusCode.ERROR if span.failed else trace.StatusCode.UNSET),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )

    def _context(self, trace: str, span: str, *, remote: bool = False) -> SpanContext:
        flags = self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED)
        return self._trace.SpanContext(int(trace, 16), int(span, 16), remote, flags)
