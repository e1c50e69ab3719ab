"""Hythe's own metrics, read from `/metrics` (Prometheus' text format)."""

from __future__ import annotations

import http.client
import re

from load.target import Target

_LINE = re.compile(r"(?P<name>\w+)(\{(?P<labels>[^}]*)\})? (?P<value>\S+)")


def scrape(target: Target) -> str:
    """Read the metrics of the server that `target` is on."""
    connection = http.client.HTTPConnection(*target.address, timeout=10)
    try:
        connection.request("GET", "/metrics", headers=target.headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def total(text: str, name: str, label: str = "") -> float:
    """Sum a metric over all its series, those with `label` (`outcome="answered"`) if one is given."""
    found = (_LINE.match(line) for line in text.splitlines())
    return sum(float(m["value"]) for m in found if m and m["name"] == name and label in (m["labels"] or ""))


def median_us(before: str, after: str, histogram: str) -> float:
    """Give the median of what a histogram of seconds took up between two readings, in microseconds.

    Within its bucket it is interpolated, as Prometheus does.
    """
    counts = _buckets(after, histogram)
    counts.update(
        {bound: count - _buckets(before, histogram).get(bound, 0.0) for bound, count in counts.items()}
    )
    half, below, lower = max(counts.values(), default=0.0) / 2, 0.0, 0.0
    for bound in sorted(counts):
        if counts[bound] >= half > 0:
            return (lower + (bound - lower) * (half - below) / (counts[bound] - below)) * 1e6
        lower, below = bound, counts[bound]
    return float("nan")


def _buckets(text: str, histogram: str) -> dict[float, float]:
    """Give the cumulative counts by upper bound, summed over all series."""
    found: dict[float, float] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and match["name"] == f"{histogram}_bucket":
            bound = float(match["labels"].rpartition('le="')[2].partition('"')[0])
            found[bound] = found.get(bound, 0.0) + float(match["value"])
    return found
