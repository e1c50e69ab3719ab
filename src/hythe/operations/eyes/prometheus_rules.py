"""Recording and alerting rules for Prometheus, on the metrics of servers and control planes."""

from __future__ import annotations

from typing import Any

from hythe.operations.eyes.yaml import to_yaml

_BY = "endpoint, version"
REQUESTS = "endpoint_version:hythe_requests:rate5m"
FAILURES = "endpoint_version:hythe_requests_failed:ratio_rate5m"
P50 = "endpoint_version:hythe_request_duration_seconds:p50_5m"
P99 = "endpoint_version:hythe_request_duration_seconds:p99_5m"


def prometheus_rules() -> str:
    """Write the rules as a file for `rule_files`, in YAML."""
    groups = [
        {"name": "hythe-recording", "interval": "30s", "rules": list(_recorded())},
        {"name": "hythe-alerts", "rules": list(_ALERTS)},
    ]
    heading = (
        "# Written by hythe export prometheus-rules. Scrape /metrics of servers and of the control plane."
    )
    return f"{heading}\n{to_yaml({'groups': groups})}"


def _recorded() -> list[dict[str, Any]]:
    duration = f'sum by ({_BY}, le) (rate(hythe_request_duration_seconds_bucket{{outcome="answered"}}[5m]))'
    failed = f'sum by ({_BY}) (rate(hythe_requests_total{{outcome="failed"}}[5m]))'
    every = f"sum by ({_BY}) (rate(hythe_requests_total[5m]))"
    return [
        {"record": REQUESTS, "expr": every},
        {"record": FAILURES, "expr": f"({failed} or 0 * {every}) / ({every} > 0)"},
        {"record": P50, "expr": f"histogram_quantile(0.5, {duration})"},
        {"record": P99, "expr": f"histogram_quantile(0.99, {duration})"},
    ]


def _alert(
    name: str, expression: str, severity: str, summary: str, runbook: str, for_: str = "0m"
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": for_,
        "labels": {"severity": severity, "service": "hythe"},
        "annotations": {"summary": summary, "runbook": runbook},
    }


_ALERTS = (
    _alert(
        "HytheAlertFires",
        "hythe_alerts_firing - hythe_alerts_silenced > 0",
        "{{ $labels.severity }}",
        "{{ $value }} alerts of {{ $labels.endpoint }} by the rule {{ $labels.rule }}",
        "hythe alerts --endpoint {{ $labels.endpoint }}",
    ),
    _alert(
        "HytheRequestsFail",
        f"{FAILURES} > 0.05",
        "critical",
        "{{ $value | humanizePercentage }} of the requests to {{ $labels.endpoint }} "
        "{{ $labels.version }} fail",
        "hythe observe {{ $labels.endpoint }}",
        for_="5m",
    ),
    _alert(
        "HytheNobodyMonitors",
        "max(hythe_monitor_working) == 0",
        "warning",
        "no process looks at windows, so no drift or fault in data is found",
        "start hythe up, or hythe control",
        for_="5m",
    ),
    _alert(
        "HytheMonitoringIsLate",
        'time() - max by (endpoint) (hythe_monitor_period_end_timestamp_seconds{period="1h"}) > 9000 '
        "and on (endpoint) sum by (endpoint) (rate(hythe_rows_total[1h])) > 0",
        "warning",
        "no hour of {{ $labels.endpoint }} was examined for {{ $value | humanizeDuration }}",
        "hythe monitor {{ $labels.endpoint }}",
        for_="15m",
    ),
    _alert(
        "HytheAlertNotTaken",
        'delta(hythe_alert_deliveries{state="given up"}[1h]) > 0',
        "warning",
        "a receiver has not taken an alert for a day",
        "hythe alerts --all, then hythe alerts show NUMBER",
    ),
    _alert(
        "HytheCatalogUnreachable",
        "min(hythe_catalog_reachable) == 0",
        "warning",
        "a server cannot ask its catalog; it serves on, and nothing changes",
        "see that the database is running",
        for_="5m",
    ),
    _alert(
        "HytheObservationsLost",
        "sum by (reason) (increase(hythe_observations_lost_total[15m])) > 0",
        "warning",
        "observations were lost: {{ $labels.reason }}",
        "docs/observing.md says what each reason means",
    ),
    _alert(
        "HytheWorkersDie",
        "sum by (role) (increase(hythe_worker_restarts_total[15m])) > 3",
        "warning",
        "{{ $labels.role }} processes died {{ $value | humanize }} times in 15 minutes",
        "read the server's log",
    ),
)  # fmt: skip
"""What wants somebody whatever an endpoint's own policy says."""
