"""Spans to a collector, whatever they are and whatever surrounds the exporter."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from hythe.runtime.counters import Counters, create
from hythe.server.observing.losses import Losses
from hythe.server.observing.otlp import Otlp
from hythe.server.observing.spans import Span
from hythe.server.observing.tracer import make_tracer
from hythe.testing.collector import Collector, attributes, collecting

TRACE, PARENT, ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "a3ce929d0e0e4736"
SPAN = Span(TRACE, ID, PARENT, "POST /x", 10, 20, {"a": "b", "n": 3, "yes": True}, server=True, failed=True)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def otlp(collector: Collector) -> Iterator[Otlp]:
    found = Otlp(f"{collector.url}/v1/traces")
    yield found
    found.stop()


def test_a_span_arrives_as_it_was_made(otlp: Otlp, collector: Collector) -> None:
    assert otlp.send([SPAN])
    [span] = collector.until(1)
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (TRACE, ID, PARENT)
    assert (span.name, span.start_time_unix_nano, span.end_time_unix_nano) == ("POST /x", 10, 20)
    assert (span.kind, span.status.code) == (2, 2)  # SPAN_KIND_SERVER, STATUS_CODE_ERROR
    assert attributes(span) == {"a": "b", "n": 3, "yes": True}
    # SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE and SPAN_FLAGS_CONTEXT_IS_REMOTE: the parent is the caller's.
    assert span.flags & 0x300 == 0x300


def test_a_span_that_cannot_be_sent_is_lost_and_the_next_ones_are_not(
    otlp: Otlp, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not otlp.send([SPAN._replace(id="no digits")])
    assert otlp.send([SPAN])
    assert len(collector.until(1)) == 1
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["log.level"] for line in lines] == ["error", "info"]
    assert "ValueError" in lines[0]["reason"]


def test_the_log_says_once_that_the_collector_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with collecting() as gone:
        url = gone.url
    otlp = Otlp(f"{url}/v1/traces")
    assert not any(otlp.send([SPAN]) for _ in range(3))
    otlp.stop()
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["log.level"], line["url"]) == ("error", f"{url}/v1/traces")
    assert line["reason"]


def test_surroundings_that_keep_the_exporter_from_starting_cost_the_spans_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER", "nobody")
    descriptor = create(slots=1)
    assert make_tracer("http://127.0.0.1:1", 1.0, Losses(Counters(descriptor, 0)), scheme="http") is None
    os.close(descriptor)
    assert "nothing is traced" in capsys.readouterr().err
