"""What a running server does, from two scrapes of its metrics a moment apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hythe.client import Readiness, Sample

_REQUESTS = "hythe_requests_total"
_ROWS = "hythe_rows_total"
_DURATION = "hythe_request_duration_seconds"
_BATCH = "hythe_batch_rows"
_IN_FLIGHT = "hythe_in_flight"
_QUEUE = "hythe_queue_duration_seconds"
_QUEUE_ROWS = "hythe_queue_rows"
_DEGRADED = "hythe_degraded_total"
_CACHE_HITS = "hythe_cache_hits_total"
_RESTARTS = "hythe_worker_restarts_total"
_SHED = frozenset({"busy", "unavailable", "timed_out"})


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a server said at `moment_s` (seconds of any clock that does not run backwards)."""

    moment_s: float
    samples: Sequence[Sample]
    ready: Readiness


class Line(msgspec.Struct, frozen=True):
    """One endpoint and version. Rates are a second; None is a figure that the server does not give.

    `errors` is the share of the requests that were refused or failed, `shed` those a second that found no
    room or no time; `queue_ms` is the mean wait for the model, and `queue_rows` wait for it now. A line with
    version "" holds requests that no version answered.
    """

    endpoint: str
    version: str
    ready: bool | None
    requests: float
    rows: float | None
    errors: float
    shed: float
    p50_ms: float | None
    p99_ms: float | None
    batch_rows: float | None
    cache_hits: float | None
    degraded: float | None
    in_flight: float | None
    queue_ms: float | None
    queue_rows: float | None


class View(msgspec.Struct, frozen=True):
    """The whole server, over `over_s` seconds."""

    ready: bool
    draining: bool
    over_s: float
    requests: float
    restarts: float | None
    lines: list[Line]


def view(before: Scrape, after: Scrape) -> View:
    """Work out what happened between two scrapes; a server that was started anew counts from zero."""
    over_s = max(after.moment_s - before.moment_s, 1e-9)
    old, new = _Series(before.samples), _Series(after.samples)
    pairs = sorted(new.pairs() | {(name, "") for name in after.ready.endpoints if not new.has(name)})
    lines = [_line(endpoint, version, old, new, over_s, after.ready) for endpoint, version in pairs]
    return View(
        after.ready.ready,
        after.ready.draining,
        over_s,
        sum(line.requests for line in lines),
        new.total(_RESTARTS),
        lines,
    )


class _Series:
    """Samples by name, and sums over those that carry some labels."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_name.setdefault(sample.name, []).append(sample)

    def pairs(self) -> set[tuple[str, str]]:
        """Give every endpoint with its versions."""
        found = self._by_name.get(_REQUESTS, [])
        return {(s.labels.get("endpoint", ""), s.labels.get("version", "")) for s in found}

    def has(self, endpoint: str) -> bool:
        return any(name == endpoint for name, _ in self.pairs())

    def total(self, name: str, **labels: str) -> float | None:
        found = [s.value for s in self._by_name.get(name, []) if _carries(s.labels, labels)]
        return sum(found) if found else None

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for sample in self._by_name.get(name, []):
            if _carries(sample.labels, labels):
                key = sample.labels.get(label, "")
                found[key] = found.get(key, 0.0) + sample.value
        return found


def _carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def _line(endpoint: str, version: str, old: _Series, new: _Series, over_s: float, ready: Readiness) -> Line:
    of = {"endpoint": endpoint, "version": version}
    outcomes = _grown(old, new, _REQUESTS, "outcome", of)
    reasons = _grown(old, new, _REQUESTS, "reason", of)
    asked = sum(outcomes.values())
    took = _grown(old, new, f"{_DURATION}_bucket", "le", of)
    stated = ready.endpoints.get(endpoint)
    return Line(
        endpoint=endpoint,
        version=version,
        ready=stated if isinstance(stated, bool) else None,
        requests=asked / over_s,
        rows=_rate(old, new, _ROWS, of, over_s),
        errors=(asked - outcomes.get("answered", 0.0)) / asked if asked else 0.0,
        shed=sum(reasons.get(reason, 0.0) for reason in _SHED) / over_s,
        p50_ms=_ms(bucket_quantile(took, 0.5)),
        p99_ms=_ms(bucket_quantile(took, 0.99)),
        batch_rows=_mean(old, new, _BATCH, of),
        cache_hits=_rate(old, new, _CACHE_HITS, of, over_s),
        degraded=_rate(old, new, _DEGRADED, of, over_s),
        in_flight=new.total(_IN_FLIGHT, endpoint=endpoint),
        queue_ms=_ms(_mean(old, new, _QUEUE, of)),
        queue_rows=new.total(_QUEUE_ROWS, **of),
    )


def bucket_quantile(buckets: Mapping[str, float], share: float) -> float | None:
    """Estimate a quantile from cumulative counts by upper bound, linearly within a bucket.

    The method of Prometheus' `histogram_quantile`; beyond the last bound, that bound. None without counts.

    >>> bucket_quantile({"0.1": 50.0, "0.2": 100.0, "+Inf": 100.0}, 0.75)
    0.15
    """
    found = sorted((float(bound), count) for bound, count in buckets.items())
    if not found or found[-1][1] <= 0:
        return None
    rank = share * found[-1][1]
    below, passed = 0.0, 0.0
    for bound, count in found:
        if count >= rank and count > passed:
            if math.isinf(bound):
                return below
            return round(below + (bound - below) * (rank - passed) / (count - passed), 12)
        below, passed = bound, count
    return below


def _grown(old: _Series, new: _Series, name: str, label: str, of: Mapping[str, str]) -> dict[str, float]:
    """Give how much counters grew; one that fell belongs to a new process and counts from zero."""
    before, after = old.by(name, label, **of), new.by(name, label, **of)
    if sum(after.values()) < sum(before.values()):
        before = {}
    return {key: value - before.get(key, 0.0) for key, value in after.items()}


def _rate(old: _Series, new: _Series, name: str, of: Mapping[str, str], over_s: float) -> float | None:
    grown = _grown(old, new, name, "", of)
    return sum(grown.values()) / over_s if grown else None


def _mean(old: _Series, new: _Series, name: str, of: Mapping[str, str]) -> float | None:
    count = sum(_grown(old, new, f"{name}_count", "", of).values())
    return sum(_grown(old, new, f"{name}_sum", "", of).values()) / count if count else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 4)
