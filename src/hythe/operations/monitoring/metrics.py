"""What monitoring found, and what alerts stand, as series for Prometheus and OpenTelemetry.

All is read from the catalog, so that any control plane tells the same. Labels are bounded: endpoints, their
versions in traffic, lengths of periods, checks, and of the subjects those `MOST_SUBJECTS` that weigh most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

import msgspec

from hythe.base.clock import Clock, unix_s
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.finding import Finding, Kind, Report
from hythe.operations.alerts.stored import alert_in, silence_in
from hythe.operations.monitoring.policy import duration, policy_in
from hythe.operations.monitoring.settings import known_endpoints
from hythe.operations.monitoring.stored import report_in
from hythe.operations.monitoring.turn import LEASE
from hythe.operations.monitoring.versions import Plans
from hythe.operations.rollouts.watched import at_work
from hythe.registry.catalog import Catalog
from hythe.runtime.counters import Metric, Series

MOST_SUBJECTS = 100
"""Of each kind of finding, version and length of period."""

WORKS = Metric("hythe_monitor_working", "gauge", "1 while a process monitors, else 0.")
ENDED = Metric(
    "hythe_monitor_period_end_timestamp_seconds", "gauge", "When the newest examined period ended, Unix time."
)
ROWS = Metric("hythe_monitor_rows", "gauge", "Rows in the newest examined period.")
ALARMS = Metric("hythe_monitor_alarms", "gauge", "Findings of the newest period that alarm, by kind.")
DRIFT = Metric("hythe_monitor_drift", "gauge", "Size of drift in the newest period, by check and subject.")
QUALITY = Metric("hythe_monitor_quality", "gauge", "Size of faults in data, by check and subject.")
PERFORMANCE = Metric("hythe_monitor_performance", "gauge", "Metrics from feedback, by check and subject.")
ESTIMATE = Metric("hythe_monitor_estimate", "gauge", "Estimated metrics, by check and subject.")
LOW = Metric("hythe_monitor_low", "gauge", "Lower end of a value's interval, where it has one.")
HIGH = Metric("hythe_monitor_high", "gauge", "Upper end of a value's interval, where it has one.")
LEFT_OUT = Metric("hythe_monitor_subjects_left_out", "gauge", "Subjects without series, for there are many.")
FIRING = Metric("hythe_alerts_firing", "gauge", "Alerts that fire, by rule and severity.")
ACKNOWLEDGED = Metric("hythe_alerts_acknowledged", "gauge", "Firing alerts that somebody looks after.")
SILENCED = Metric("hythe_alerts_silenced", "gauge", "Firing alerts that are kept silent.")
DELIVERIES = Metric("hythe_alert_deliveries", "gauge", "Deliveries of the last 90 days, by their state.")
MONITOR_METRICS = (
    WORKS, ENDED, ROWS, ALARMS, DRIFT, QUALITY, PERFORMANCE, ESTIMATE, LOW, HIGH, LEFT_OUT, FIRING,
    ACKNOWLEDGED, SILENCED, DELIVERIES,
)  # fmt: skip

_OF_KIND: dict[Kind, Metric] = {
    "drift": DRIFT,
    "quality": QUALITY,
    "performance": PERFORMANCE,
    "estimate": ESTIMATE,
}
_SHOWN_PERIODS = 3
_Labels = tuple[tuple[str, str], ...]
_Line = tuple[Series, list[float]]


class _Past(msgspec.Struct, frozen=True):
    """What is read of an alert that is over."""

    endpoint: str
    rule: str
    severity: str


def monitor_series(catalog: Catalog, clock: Clock | None = None) -> dict[Series, list[float]]:
    """Read all series of monitoring and alerts; a version is told of while its reports are new.

    Raises:
        Corrupt: when a report or an alert cannot be read.
        Unavailable: when the catalog is gone.

    """
    now = unix_s(clock)
    found: dict[Series, list[float]] = {(WORKS.name, ()): [float(bool(at_work(catalog, LEASE)))]}
    for endpoint in known_endpoints(catalog):
        found |= dict(_endpoint(catalog, endpoint, now))
    found |= dict(_alerts(catalog, now))
    for state, n in catalog.alerts.delivery_counts().items():
        found[DELIVERIES.name, (("state", state),)] = [float(n)]
    return found


def _endpoint(catalog: Catalog, endpoint: str, now: int) -> Iterator[_Line]:
    served = Plans.of(catalog, endpoint).shares
    for period_s in policy_in(catalog.monitor(endpoint)).periods_s:
        since = now - _SHOWN_PERIODS * period_s
        records = catalog.reports.read(endpoint, period_s=period_s, since=since)
        for record in {record.version: record for record in records}.values():
            report = report_in(record)
            if record.version in served or report.rows:
                yield from report_series(report)


def report_series(report: Report) -> Iterator[_Line]:
    """Give the series of one report."""
    labels: _Labels = (
        ("endpoint", report.endpoint), ("version", report.version), ("period", duration(report.period_s)),
    )  # fmt: skip
    yield (ENDED.name, labels), [float(report.start + report.period_s)]
    yield (ROWS.name, labels), [float(report.rows)]
    for kind in get_args(Kind):
        own = [finding for finding in report.findings if finding.kind == kind]
        alarms = sum(finding.verdict == "alarm" for finding in own)
        yield (ALARMS.name, (*labels, ("kind", kind))), [float(alarms)]
        shown, left_out = _weightiest(own if kind in _OF_KIND else [])
        if left_out:
            yield (LEFT_OUT.name, (*labels, ("kind", kind))), [float(left_out)]
        for finding in shown:
            yield from _finding(finding, labels)


def _weightiest(findings: Sequence[Finding]) -> tuple[list[Finding], int]:
    """Choose the subjects that weigh most, the same ones in each period, and count the others."""
    weights: dict[str, float] = {}
    for finding in findings:
        weights[finding.subject] = max(finding.weight, weights.get(finding.subject, 0.0))
    ranked = sorted(weights, key=lambda subject: (-weights[subject], subject))
    chosen = {*ranked[:MOST_SUBJECTS]}
    return [finding for finding in findings if finding.subject in chosen], len(ranked) - len(chosen)


def _finding(finding: Finding, labels: _Labels) -> Iterator[_Line]:
    own = (*labels, ("check", finding.check), ("subject", finding.subject))
    if finding.value is not None:
        yield (_OF_KIND[finding.kind].name, own), [finding.value]
    ends = ((LOW, finding.low), (HIGH, finding.high))
    for metric, value in ends:
        if value is not None:
            yield (metric.name, (*own, ("kind", finding.kind))), [value]


def _alerts(catalog: Catalog, now: int) -> Iterator[_Line]:
    """Count what fires; a rule whose alerts are over stands at 0 until it is gone from the newest alerts."""
    past = catalog.alerts.read(states=("resolved",))
    over = [msgspec.json.decode(record.document, type=_Past) for record in past]
    firing = [alert_in(record) for record in catalog.alerts.read(states=("firing",))]
    silences = [silence_in(record) for record in catalog.alerts.silences()]
    silent = [alert for alert in firing if any(silence.covers(alert, now) for silence in silences)]
    followed = [alert for alert in firing if alert.acknowledged is not None]
    for metric, counted in ((FIRING, firing), (ACKNOWLEDGED, followed), (SILENCED, silent)):
        yield from _counted(metric, counted, (*over, *firing))


def _counted(metric: Metric, counted: Iterable[Alert], known: Iterable[Alert | _Past]) -> Iterator[_Line]:
    totals = {_alert_labels(alert): 0.0 for alert in known}
    for alert in counted:
        totals[_alert_labels(alert)] += 1.0
    for labels, n in totals.items():
        yield (metric.name, labels), [n]


def _alert_labels(alert: Alert | _Past) -> _Labels:
    return (("endpoint", alert.endpoint), ("rule", alert.rule), ("severity", alert.severity))
