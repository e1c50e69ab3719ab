"""Series as OpenTelemetry metrics to a collector, by OTLP over HTTP, with OpenTelemetry's own exporter.

Names and labels are those of `/metrics`, so that one page describes both. Counters are cumulative sums, and
what a histogram counts goes bucket by bucket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from hythe.base.version import VERSION
from hythe.runtime.counters import Metric, Series
from hythe.runtime.log import Log
from hythe.runtime.metering import Metering
from hythe.runtime.otlp import SCOPE, Heard, make_resource

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import export

Read: TypeAlias = Callable[[], Mapping[Series, Sequence[float]]]
_LOG = Log("hythe.metrics")
_UNITS = {"_seconds": "s", "_bytes": "By"}


class Pump:
    """Reads series and sends them, each interval and at the end, on a thread of its own.

    What a collector does not take is gone, and the log says so once; the next time tells all again, for
    counts are cumulative.
    """

    def __init__(self, told: Metering, metrics: Iterable[Metric], read: Read) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics.export import MetricExportResult

        self._told = told
        self._metrics = tuple(metrics)
        self._read = read
        self._make = Maker(told.started_ns)
        self._exporter = OTLPMetricExporter(endpoint=told.endpoint)
        self._taken = MetricExportResult.SUCCESS
        self._heard = Heard()
        self._gone = False
        self._ending = Event()
        self._thread = Thread(target=self._work, name="metrics", daemon=True)
        self._thread.start()

    def close(self, limit_s: float = 5.0) -> None:
        """Send a last time, and end; for some seconds at most."""
        self._ending.set()
        self._thread.join(limit_s)
        self._exporter.shutdown()

    def _work(self) -> None:
        ending = False
        while not ending:
            ending = self._ending.wait(self._told.interval_s)
            self._send()

    def _send(self) -> None:
        self._heard.listen()
        try:
            series = self._read()
            document = self._make(self._metrics, series, time.time_ns())
            taken = not series or self._exporter.export(document) is self._taken
        except Exception as err:  # noqa: BLE001 - one time that cannot be sent must not end the others
            taken, self._heard.first = False, f"{type(err).__name__}: {err}"
        if taken == self._gone:
            url, reason = self._told.endpoint, self._heard.first
            if taken:
                _LOG.info("the collector takes metrics again", url=url)
            else:
                _LOG.error("metrics are not sent", url=url, reason=reason)
        self._gone = not taken


class Maker:
    """Makes the SDK's document of all series at one moment; counts began at `started_ns`."""

    def __init__(self, started_ns: int) -> None:
        from opentelemetry.sdk.metrics import export
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._sdk: Any = export
        self._resource = make_resource()
        self._scope = InstrumentationScope(SCOPE, VERSION)
        self._started_ns = started_ns

    def __call__(
        self, metrics: Iterable[Metric], series: Mapping[Series, Sequence[float]], now_ns: int
    ) -> export.MetricsData:
        """Make it of those series whose metrics are named."""
        named: dict[str, list[tuple[dict[str, str], Sequence[float]]]] = {}
        for (name, labels), values in series.items():
            named.setdefault(name, []).append((dict(labels), values))
        made = [
            self._sdk.Metric(
                metric.name, metric.help, unit_of(metric), self._data(metric, named[metric.name], now_ns)
            )
            for metric in metrics
            if metric.name in named
        ]
        scope = self._sdk.ScopeMetrics(self._scope, made, "")
        found: export.MetricsData = self._sdk.MetricsData([
            self._sdk.ResourceMetrics(self._resource, [scope], "")
        ])  # fmt: skip
        return found

    def _data(self, metric: Metric, series: list[tuple[dict[str, str], Sequence[float]]], now_ns: int) -> Any:
        cumulative = self._sdk.AggregationTemporality.CUMULATIVE
        if metric.kind == "histogram":
            return self._sdk.Histogram(list(self._histograms(metric, series, now_ns)), cumulative)
        start_ns = self._started_ns if metric.kind == "counter" else 0
        points = [
            self._sdk.NumberDataPoint(labels, start_ns, now_ns, float(values[0])) for labels, values in series
        ]
        if metric.kind == "counter":
            return self._sdk.Sum(points, cumulative, is_monotonic=True)
        return self._sdk.Gauge(points)

    def _histograms(
        self, metric: Metric, series: list[tuple[dict[str, str], Sequence[float]]], now_ns: int
    ) -> Iterator[Any]:
        for labels, values in series:
            counts = [int(count) for count in values[:-1]]
            yield self._sdk.HistogramDataPoint(
                labels, self._started_ns, now_ns, sum(counts), float(values[-1]), counts, metric.bounds,
                None, None,
            )  # fmt: skip


def unit_of(metric: Metric) -> str:
    """Name a metric's unit as UCUM has it; its name ends with the unit.

    >>> unit_of(Metric("hythe_queue_duration_seconds", "histogram", "")), unit_of(Metric("x", "gauge", ""))
    ('s', '1')
    """
    return next((unit for end, unit in _UNITS.items() if metric.name.endswith(end)), "1")
