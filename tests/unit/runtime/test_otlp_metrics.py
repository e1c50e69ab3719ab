"""Series reach a collector as OpenTelemetry has them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hythe.base.errors import Invalid
from hythe.runtime.counters import Counters, Metric, create
from hythe.runtime.metering import Metering, metering
from hythe.runtime.otlp_metrics import Pump
from hythe.testing.collector import Collector, attributes, collecting
from hythe.testing.waiting import until

ROWS = Metric("hythe_rows_total", "counter", "Rows answered.")
WAITING = Metric("hythe_queue_rows", "gauge", "Rows that wait.")
DURATION = Metric("hythe_request_duration_seconds", "histogram", "How long.", (0.1, 1.0))
URL = "http://127.0.0.1:4318"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def counters() -> Counters:
    made = Counters(create(1), 0)
    made.counter(ROWS.name, endpoint="scoring").add(7)
    made.gauge(WAITING.name, endpoint="scoring").set(3)
    histogram = made.histogram(DURATION.name, DURATION.bounds, endpoint="scoring")
    for seconds in (0.05, 0.5, 0.6, 5.0):
        histogram.observe(seconds)
    return made


def pumped(collector: Collector, counters: Counters) -> None:
    told = Metering(f"{collector.url}/v1/metrics", 3600.0, 1_000)
    Pump(told, (ROWS, WAITING, DURATION), counters.read).close()


def test_a_counter_is_a_sum_that_grows_since_the_start(collector: Collector, counters: Counters) -> None:
    pumped(collector, counters)
    rows = collector.metrics["hythe_rows_total"]
    [point] = rows.sum.data_points
    assert (rows.unit, rows.sum.is_monotonic, rows.sum.aggregation_temporality) == ("1", True, 2)
    assert (point.as_double, point.start_time_unix_nano, attributes(point)) == (
        7.0, 1_000, {"endpoint": "scoring"},
    )  # fmt: skip
    assert collector.resource["service.name"] == "hythe"


def test_a_gauge_is_a_gauge(collector: Collector, counters: Counters) -> None:
    pumped(collector, counters)
    [point] = collector.metrics["hythe_queue_rows"].gauge.data_points
    assert point.as_double == 3.0


def test_a_histogram_goes_bucket_by_bucket(collector: Collector, counters: Counters) -> None:
    pumped(collector, counters)
    duration = collector.metrics["hythe_request_duration_seconds"]
    [point] = duration.histogram.data_points
    assert (duration.unit, list(point.explicit_bounds)) == ("s", [0.1, 1.0])
    assert (list(point.bucket_counts), point.count) == ([1, 2, 1], 4)
    assert point.sum == pytest.approx(6.15)
    assert not point.HasField("min")


def test_it_is_sent_every_interval_and_a_refusal_is_told_once(
    collector: Collector, counters: Counters, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.status = 400
    pump = Pump(Metering(f"{collector.url}/v1/metrics", 0.05), (ROWS,), counters.read)

    def refused() -> bool:
        counters.counter(ROWS.name, endpoint="scoring").add()
        return pump._gone

    until(refused)
    for _ in range(8):
        counters.counter(ROWS.name, endpoint="scoring").add()
    collector.status = 200
    collector.until_metric("hythe_rows_total", lambda metric: metric.sum.data_points[0].as_double > 7)
    pump.close()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["log.level"] for line in lines] == ["error", "info"]
    assert lines[1]["message"] == "the collector takes metrics again"


def test_nothing_is_sent_where_there_is_nothing(collector: Collector) -> None:
    Pump(Metering(f"{collector.url}/v1/metrics"), (ROWS,), dict).close()
    assert collector.metrics == {}


def test_the_option_goes_before_the_environment() -> None:
    found = metering(URL, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere:4318"})
    assert found is not None
    assert found.endpoint == f"{URL}/v1/metrics"


def test_the_standards_variables_count() -> None:
    exact = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{URL}/here", "OTEL_METRIC_EXPORT_INTERVAL": "500"}
    found = metering(None, exact)
    assert found is not None
    assert (found.endpoint, found.interval_s) == (f"{URL}/here", 0.5)
    assert metering(None, {}) is None
    assert metering(None, {**exact, "OTEL_SDK_DISABLED": "true"}) is None
    assert metering(URL, {"OTEL_METRICS_EXPORTER": "none"}) is None


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"OTEL_METRIC_EXPORT_INTERVAL": "often"}, "give milliseconds"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, "give more than 0"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "metrics go by http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318"}, "give a URL such as"),
    ],
)
def test_what_does_not_fit_is_refused(environ: dict[str, str], fault: str) -> None:
    with pytest.raises(Invalid, match=fault):
        metering(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": URL, **environ})
