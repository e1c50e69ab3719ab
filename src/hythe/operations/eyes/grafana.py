"""A dashboard for Grafana as JSON (schema version 39, which Grafana 10.4 and later read)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

SCHEMA_VERSION = 39
_COLUMNS, _HEIGHT, _A_ROW = 24, 8, 3
_WIDTH = _COLUMNS // _A_ROW
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_PICKED = 'endpoint=~"$endpoint",version=~"$version"'
_OF_ENDPOINT = 'endpoint=~"$endpoint"'
_BY = "endpoint, version"


class Panel(NamedTuple):
    """One graph: its title, its unit in Grafana's words, and its lines as expression and legend."""

    title: str
    unit: str
    lines: Sequence[tuple[str, str]]


def _quantile(q: str) -> str:
    rate = f'rate(hythe_request_duration_seconds_bucket{{{_PICKED},outcome="answered"}}[$__rate_interval])'
    return f"histogram_quantile({q}, sum by ({_BY}, le) ({rate}))"


_WHO = "{{endpoint}} {{version}}"
_WHAT = "{{subject}} {{check}} {{version}}"
PANELS = (
    Panel("Alerts that fire", "short", [
        (f"hythe_alerts_firing{{{_OF_ENDPOINT}}}", "{{endpoint}} {{rule}} {{severity}}"),
    ]),
    Panel("Alarms in the newest period", "short", [
        (f"hythe_monitor_alarms{{{_PICKED}}} > 0", "{{kind}} {{period}} {{version}}"),
    ]),
    Panel("Monitored rows in a period", "short", [
        (f"hythe_monitor_rows{{{_PICKED}}}", f"{_WHO} {{{{period}}}}"),
    ]),
    Panel("Requests", "reqps", [
        (f"sum by ({_BY}) (rate(hythe_requests_total{{{_PICKED}}}[$__rate_interval]))", _WHO),
    ]),
    Panel("Requests that fail", "percentunit", [
        (
            (f'sum by ({_BY}) (rate(hythe_requests_total{{{_PICKED},outcome="failed"}}[$__rate_interval])) / '
            f"sum by ({_BY}) (rate(hythe_requests_total{{{_PICKED}}}[$__rate_interval]))"),
            _WHO,
        ),
    ]),
    Panel("Time to answer", "s", [
        (_quantile("0.5"), f"p50 {_WHO}"),
        (_quantile("0.99"), f"p99 {_WHO}"),
    ]),
    Panel("Drift, the ten largest of the shortest period", "short", [
        (f'topk(10, hythe_monitor_drift{{{_PICKED},period="$period"}})', _WHAT),
    ]),
    Panel("Faults in data, the ten largest", "short", [
        (f'topk(10, hythe_monitor_quality{{{_PICKED},period="$period"}})', _WHAT),
    ]),
    Panel("Performance from feedback, with its interval", "short", [
        (f'hythe_monitor_performance{{{_PICKED},period="$period"}}', _WHAT),
        (f'hythe_monitor_low{{{_PICKED},period="$period",kind="performance"}}', f"low {_WHAT}"),
        (f'hythe_monitor_high{{{_PICKED},period="$period",kind="performance"}}', f"high {_WHAT}"),
    ]),
    Panel("Performance, estimated without labels", "short", [
        (f'hythe_monitor_estimate{{{_PICKED},period="$period"}}', _WHAT),
    ]),
    Panel("Waiting for the model", "s", [
        (
            (f"histogram_quantile(0.99, sum by ({_BY}, le) "
            f"(rate(hythe_queue_duration_seconds_bucket{{{_PICKED}}}[$__rate_interval])))"),
            f"p99 {_WHO}",
        ),
    ]),
    Panel("What is lost or away", "short", [
        ("sum by (reason) (rate(hythe_observations_lost_total[$__rate_interval]))", "lost: {{reason}}"),
        ("1 - hythe_catalog_reachable", "catalog away {{instance}}"),
        ("1 - hythe_monitor_working", "nobody monitors {{instance}}"),
        ("hythe_windows_waiting", "windows that wait {{instance}}"),
    ]),
)  # fmt: skip
"""The graphs, alerts first, in the order in which people look."""


def grafana_dashboard() -> dict[str, Any]:
    """Make the dashboard; the source, endpoints, versions and the length of periods are picked on top."""
    return {
        "uid": "hythe",
        "title": "Hythe",
        "tags": ["hythe"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables())},
        "panels": [_panel(place, panel) for place, panel in enumerate(PANELS)],
    }


def _panel(place: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(place, _A_ROW)
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for at, (expression, legend) in enumerate(panel.lines)
        ],
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}
    yield _variable("endpoint", "label_values(hythe_in_flight, endpoint)", several=True)
    versions = f"label_values(hythe_requests_total{{{_OF_ENDPOINT}}}, version)"
    yield _variable("version", versions, several=True)
    yield _variable("period", f"label_values(hythe_monitor_rows{{{_OF_ENDPOINT}}}, period)", several=False)


def _variable(name: str, query: str, *, several: bool) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        "current": {"text": "All", "value": "$__all"} if several else {},
    }
