"""What one process counts of an endpoint, for `/metrics`: names, buckets, and where the counters are."""

from __future__ import annotations

from typing import NamedTuple

from hythe.monitor.records.call import CACHED, DEGRADED, RESCUED
from hythe.runtime.counters import Counter, Counters, Histogram, Metric

SECONDS = (
    10e-6, 20e-6, 30e-6, 40e-6, 50e-6, 60e-6, 80e-6, 100e-6, 125e-6, 150e-6, 200e-6, 250e-6, 350e-6, 500e-6,
    750e-6, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the latency buckets."""
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0)
"""Upper bounds of the buckets for rows in one call of the model."""

REQUESTS = Metric("hythe_requests_total", "counter", "Requests by what became of them.")
ANSWERED_ROWS = Metric("hythe_rows_total", "counter", "Rows answered.")
DURATION = Metric("hythe_request_duration_seconds", "histogram", "From request to answer.", SECONDS)
INFERENCE = Metric("hythe_inference_duration_seconds", "histogram", "One call of the model.", SECONDS)
BATCH = Metric("hythe_batch_rows", "histogram", "Rows in one call of the model.", ROWS)
QUEUE = Metric("hythe_queue_duration_seconds", "histogram", "From rows read to model called.", SECONDS)
QUEUE_ROWS = Metric("hythe_queue_rows", "gauge", "Rows that wait for a model.")
DEGRADED_ANSWERS = Metric("hythe_degraded_total", "counter", "Answers given by a fallback.")
RESCUED_REQUESTS = Metric(
    "hythe_rescued_total", "counter", "Requests failed here that went on to a fallback."
)
CACHE_HITS = Metric("hythe_cache_hits_total", "counter", "Answers given from the cache.")
CACHE_BYTES = Metric("hythe_cache_bytes", "gauge", "Bytes of stored answers.")
IN_FLIGHT = Metric("hythe_in_flight", "gauge", "Requests being answered now.")
SHADOW_COPIES = Metric("hythe_shadow_total", "counter", "Copies of requests by what shadows did with them.")
ROW_FAULTS = Metric(
    "hythe_row_faults_total", "counter", "Requests refused for their rows by what was wrong first."
)
METRICS = (
    REQUESTS, ANSWERED_ROWS, DURATION, QUEUE, INFERENCE, BATCH, IN_FLIGHT, DEGRADED_ANSWERS,
    RESCUED_REQUESTS, CACHE_HITS, CACHE_BYTES, QUEUE_ROWS, SHADOW_COPIES, ROW_FAULTS,
)  # fmt: skip


class Meter:
    """The counts of one endpoint in this process, for `/metrics`."""

    def __init__(self, counters: Counters, endpoint: str) -> None:
        self._counters = counters
        self._endpoint = endpoint
        self._outcomes: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._runs: dict[str, Runs] = {}
        self._flagged: dict[tuple[str, str], Counter] = {}
        self._copies: dict[tuple[str, str], Counter] = {}
        self._faults: dict[tuple[str, str], Counter] = {}
        self.in_flight = counters.gauge(IN_FLIGHT.name, endpoint=endpoint)

    def outcome(self, version: str, outcome: str, reason: str = "") -> tuple[Counter, Histogram]:
        """Find the counter of requests and the histogram of durations of one outcome."""
        pair = self._outcomes.get((version, outcome, reason))
        if pair is None:
            labels = {"endpoint": self._endpoint, "version": version, "outcome": outcome}
            pair = self._outcomes[version, outcome, reason] = (
                self._counters.counter(REQUESTS.name, **labels, reason=reason),
                self._counters.histogram(DURATION.name, DURATION.bounds, **labels),
            )
        return pair

    def runs(self, version: str) -> Runs:
        """Find what is counted of the model calls of one version."""
        found = self._runs.get(version)
        if found is None:
            labels = {"endpoint": self._endpoint, "version": version}
            found = self._runs[version] = Runs(
                self._counters.counter(ANSWERED_ROWS.name, **labels),
                self._counters.histogram(BATCH.name, BATCH.bounds, **labels),
                self._counters.histogram(INFERENCE.name, INFERENCE.bounds, **labels),
                self._counters.histogram(QUEUE.name, QUEUE.bounds, **labels),
            )
        return found

    def cache_bytes(self, version: str) -> Counter:
        """Make the gauge of the bytes of one version's stored answers."""
        return self._counters.gauge(CACHE_BYTES.name, endpoint=self._endpoint, version=version)

    def queue_rows(self, version: str) -> Counter:
        """Make the gauge of the rows that wait for one version."""
        return self._counters.gauge(QUEUE_ROWS.name, endpoint=self._endpoint, version=version)

    def copies(self, version: str, outcome: str) -> Counter:
        """Find the counter of copies that a shadow answered, failed or had dropped."""
        counter = self._copies.get((version, outcome))
        if counter is None:
            labels = {"endpoint": self._endpoint, "version": version, "outcome": outcome}
            counter = self._copies[version, outcome] = self._counters.counter(SHADOW_COPIES.name, **labels)
        return counter

    def row_faults(self, version: str, kind: str) -> Counter:
        """Find the counter of requests that were refused for rows with one kind of fault."""
        counter = self._faults.get((version, kind))
        if counter is None:
            labels = {"endpoint": self._endpoint, "version": version, "kind": kind}
            counter = self._faults[version, kind] = self._counters.counter(ROW_FAULTS.name, **labels)
        return counter

    def flagged(self, version: str, flags: int) -> None:
        """Count an answer that a fallback or the cache gave, or a failure that a fallback took on."""
        for flag, metric in ((DEGRADED, DEGRADED_ANSWERS), (CACHED, CACHE_HITS), (RESCUED, RESCUED_REQUESTS)):
            if flags & flag:
                counter = self._flagged.get((version, metric.name))
                if counter is None:
                    counter = self._counters.counter(metric.name, endpoint=self._endpoint, version=version)
                    self._flagged[version, metric.name] = counter
                counter.add()


class Runs(NamedTuple):
    """What is counted of the model calls of one version."""

    rows: Counter
    batches: Histogram
    inference: Histogram
    queue: Histogram
