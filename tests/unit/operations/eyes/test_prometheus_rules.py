"""Rules for Prometheus: its own tool takes them, they fire when they should, and name metrics that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hythe.operations.eyes.grafana import PANELS, grafana_dashboard
from hythe.operations.eyes.prometheus_rules import prometheus_rules
from hythe.operations.monitoring.metrics import MONITOR_METRICS
from hythe.server.http.metrics import SERVED
from hythe.testing.services import or_skip, program

KNOWN = {
    metric.name + suffix
    for metric in (*SERVED, *MONITOR_METRICS)
    for suffix in (("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",))
}
RECORDED = re.compile(r"endpoint_version:[a-z0-9_]+:[a-z0-9_]+")
NAMED = re.compile(r"\bhythe_[a-z_]+")


def promtool(folder: Path, *words: str) -> str:
    with or_skip():
        tool = program("promtool")
    done = subprocess.run([tool, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.yml").write_text(prometheus_rules())
    return tmp_path


def expressions(text: str) -> list[str]:
    return [json.loads(found) for found in re.findall(r'expr: (".*")$', text, re.MULTILINE)]


@pytest.mark.integration
def test_promtool_takes_the_rules(rules: Path) -> None:
    assert "SUCCESS: 12 rules found" in promtool(rules, "check", "rules", "rules.yml")


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


def fires(alert: str, at: str, *expected: dict[str, Any]) -> dict[str, Any]:
    return {"eval_time": at, "alertname": alert, "exp_alerts": list(expected)}


def told(severity: str, summary: str, runbook: str, **labels: str) -> dict[str, Any]:
    return {
        "exp_labels": {"severity": severity, "service": "hythe", **labels},
        "exp_annotations": {"summary": summary, "runbook": runbook},
    }


WHO = {"endpoint": "scoring", "version": "1.0.0"}
DRIFT = {"endpoint": "scoring", "rule": "drift", "severity": "warning"}
CASES = {
    "failures": (
        [
            series("hythe_requests_total", "0+9x60", **WHO, outcome="answered"),
            series("hythe_requests_total", "0+0x20 0+1x40", **WHO, outcome="failed"),
        ],
        [
            fires("HytheRequestsFail", "20m"),
            fires(
                "HytheRequestsFail",
                "35m",
                told("critical", "10% of the requests to scoring 1.0.0 fail", "hythe observe scoring", **WHO),
            ),
        ],
    ),
    "no failure at all": (
        [series("hythe_requests_total", "0+9x60", **WHO, outcome="answered")],
        [fires("HytheRequestsFail", "30m")],
    ),
    "alerts": (
        [
            series("hythe_alerts_firing", "0 0 1 1 1 0", **DRIFT),
            series("hythe_alerts_silenced", "0 0 0 0 1 0", **DRIFT),
        ],
        [
            fires("HytheAlertFires", "1m"),
            fires(
                "HytheAlertFires",
                "3m",
                told(
                    "warning", "1 alerts of scoring by the rule drift", "hythe alerts --endpoint scoring",
                    endpoint="scoring", rule="drift",
                ),
            ),
            fires("HytheAlertFires", "4m"),
            fires("HytheAlertFires", "5m"),
        ],
    ),
    "monitoring": (
        [
            series("hythe_monitor_working", "1x10 0x20"),
            series("hythe_monitor_period_end_timestamp_seconds", "0x200", **WHO, period="1h"),
            series("hythe_rows_total", "0+60x200", **WHO),
        ],
        [
            fires("HytheNobodyMonitors", "14m"),
            fires(
                "HytheNobodyMonitors",
                "20m",
                told(
                    "warning",
                    "no process looks at windows, so no drift or fault in data is found",
                    "start hythe up, or hythe control",
                ),
            ),
            fires("HytheMonitoringIsLate", "160m"),
            fires(
                "HytheMonitoringIsLate",
                "180m",
                told(
                    "warning",
                    "no hour of scoring was examined for 3h 0m 0s",
                    "hythe monitor scoring",
                    endpoint="scoring",
                ),
            ),
        ],
    ),
}  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize("case", CASES)
def test_rules_fire_when_they_should_and_only_then(rules: Path, case: str) -> None:
    given, expected = CASES[case]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "alert_rule_test": expected}],
    }
    (rules / "test.yml").write_text(json.dumps(document))
    promtool(rules, "test", "rules", "test.yml")


def test_every_metric_in_a_rule_exists() -> None:
    text = prometheus_rules()
    recorded = set(re.findall(r'record: "(.*)"', text))
    for expression in expressions(text):
        assert set(RECORDED.findall(expression)) <= recorded
        assert set(NAMED.findall(RECORDED.sub("", expression))) <= KNOWN, expression
    assert len(expressions(text)) == 12


def test_every_metric_on_the_dashboard_exists() -> None:
    dashboard = grafana_dashboard()
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"][1:]]
    assert len(asked) >= 20
    for expression in asked:
        named = set(NAMED.findall(expression))
        assert named
        assert named <= KNOWN, expression


@pytest.mark.integration
def test_promtool_understands_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    lines = [expression for panel in PANELS for expression, _ in panel.lines]
    rules = [
        {"record": f"line:{at}:x", "expr": expression.replace("$__rate_interval", "5m")}
        for at, expression in enumerate(lines)
    ]
    (tmp_path / "all.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    promtool(tmp_path, "check", "rules", "all.yml")


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    cells = [
        (x, y)
        for panel in grafana_dashboard()["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_dashboard_says_its_schema_and_has_no_two_panels_alike() -> None:
    dashboard = json.loads(json.dumps(grafana_dashboard()))
    assert dashboard["schemaVersion"] == 39
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)) == len(PANELS)
