"""Series of monitoring: what the newest reports say, and no more series than are bounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.unit.monitor.alerts.play import HOUR, finding, report

from hythe.client.metrics import read_samples
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.act import acknowledge, silence
from hythe.operations.alerts.take import take
from hythe.operations.monitoring.metrics import MONITOR_METRICS, MOST_SUBJECTS, monitor_series, report_series
from hythe.operations.monitoring.stored import record_of
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.runtime.exposition import exposition
from hythe.testing.fake_clock import FakeClock

CLOCK = FakeClock()
NOW = int(CLOCK.now().timestamp())
LAST = NOW - HOUR
HOURLY = {"endpoint": "scoring", "version": "1.0.0", "period": "1h"}


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"), CLOCK)
    with made.edit(actor="ana") as tx:
        tx.put_plan("scoring", {"model": "churn", "arms": [{"version": "1.0.0", "digest": "", "weight": 1}]})
    yield made
    made.close()


def put(catalog: Catalog, *reports: Report) -> None:
    for each in reports:
        with catalog.edit(actor="monitor") as tx:
            tx.put_report(record_of(each))
            take(tx, each, MonitorPolicy(), NOW)


def value(catalog: Catalog, name: str, **labels: str) -> float | None:
    for (metric, pairs), values in monitor_series(catalog, CLOCK).items():
        if (metric, dict(pairs)) == (name, labels):
            return values[0]
    return None


def test_the_newest_report_speaks(catalog: Catalog) -> None:
    old, new = (finding("feature:age", "ok", value=size, p_value=0.5) for size in (0.1, 0.2))
    put(catalog, report(LAST - HOUR, old), report(LAST, new))
    drift = {"check": "distribution", "subject": "feature:age", **HOURLY}
    assert value(catalog, "hythe_monitor_drift", **drift) == 0.2
    assert value(catalog, "hythe_monitor_period_end_timestamp_seconds", **HOURLY) == NOW
    assert value(catalog, "hythe_monitor_rows", **HOURLY) == 1000
    assert value(catalog, "hythe_monitor_alarms", kind="drift", **HOURLY) == 0


def test_an_old_report_is_not_told_as_if_it_were_now(catalog: Catalog) -> None:
    put(catalog, report(LAST - 9 * HOUR, finding("feature:age", value=0.4)))
    assert value(catalog, "hythe_monitor_rows", **HOURLY) is None


def test_an_interval_is_told_with_its_value(catalog: Catalog) -> None:
    put(
        catalog,
        report(LAST, finding("labels", "ok", kind="performance", check="accuracy", value=0.9, low=0.88)),
    )
    labels = {"check": "accuracy", "subject": "labels", **HOURLY}
    assert value(catalog, "hythe_monitor_performance", **labels) == 0.9
    assert value(catalog, "hythe_monitor_low", kind="performance", **labels) == 0.88
    assert value(catalog, "hythe_monitor_high", kind="performance", **labels) is None


def test_alerts_are_counted_by_what_becomes_of_them(catalog: Catalog) -> None:
    drift = {"endpoint": "scoring", "rule": "drift", "severity": "warning"}
    put(catalog, report(LAST, finding("feature:age")))
    assert value(catalog, "hythe_alerts_firing", **drift) == 1
    assert value(catalog, "hythe_alert_deliveries", state="waiting") == 1
    acknowledge(catalog, 1, actor="ana", clock=CLOCK)
    silence(catalog, "scoring", 60, actor="ana", clock=CLOCK)
    assert value(catalog, "hythe_alerts_acknowledged", **drift) == 1
    assert value(catalog, "hythe_alerts_silenced", **drift) == 1
    fine = finding("feature:age", "ok", p_value=0.5)
    put(catalog, report(LAST + HOUR, fine), report(LAST + 2 * HOUR, fine))
    assert value(catalog, "hythe_alerts_firing", **drift) == 0


def test_of_a_thousand_features_those_that_weigh_most_have_series_and_the_others_are_counted() -> None:
    found = [replace(finding(f"feature:x{n:03}", value=0.1), weight=n / 1000) for n in range(1000)]
    series = dict(report_series(report(LAST, *found)))
    named = sorted(dict(labels)["subject"] for name, labels in series if name == "hythe_monitor_drift")
    assert named == [f"feature:x{n:03}" for n in range(1000 - MOST_SUBJECTS, 1000)]
    left_out = tuple({**HOURLY, "kind": "drift"}.items())
    assert series["hythe_monitor_subjects_left_out", left_out] == [900.0]


def test_every_series_is_one_that_is_described(catalog: Catalog) -> None:
    put(catalog, report(LAST, finding("feature:age", value=0.2, low=0.1, high=0.3)))
    series = monitor_series(catalog, CLOCK)
    assert {name for name, _ in series} <= {metric.name for metric in MONITOR_METRICS}
    read = {
        (each.name, tuple(each.labels.items())) for each in read_samples(exposition(MONITOR_METRICS, series))
    }
    assert read == {*series}
