"""Alerts from Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.monitor.alerts.play import DAY, HOUR, finding, report

import hythe
from hythe.base.errors import NotFound
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.take import take
from hythe.registry.registry import Registry
from hythe.testing.versions import add_version


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home on whose endpoint drift fires as alert 1."""
    monkeypatch.setenv("HYTHE_HOME", str(tmp_path))
    monkeypatch.setenv("HYTHE_ACTOR", "ana")
    registry = Registry.open(tmp_path)
    add_version(registry, "1.0.0")
    with registry.catalog.edit(actor="monitor") as tx:
        take(tx, report(DAY, finding("feature:age")), MonitorPolicy(), DAY + HOUR)
    registry.close()
    return tmp_path


def test_alerts_are_listed_looked_after_and_ended(home: Path) -> None:
    [line] = hythe.alerts()
    assert (line.id, line.title) == (1, "scoring 1.0.0: drifted: age")
    assert hythe.alert(1, home=home).evidence[0].name == "feature:age"
    seen = hythe.acknowledge_alert(1, note="on it")
    assert seen.acknowledged is not None
    assert (seen.acknowledged.by, seen.acknowledged.note) == ("ana", "on it")
    assert hythe.alert_runbook(1).startswith("# Alert 1: ")
    assert hythe.resolve_alert(1).state == "resolved"
    assert hythe.alerts("scoring") == []
    assert [each.id for each in hythe.alerts(everything=True)] == [1]


def test_silences_begin_and_end(home: Path) -> None:
    name = hythe.silence_alerts("scoring", "4h", note="known")
    assert hythe.alerts()[0].silent_until
    hythe.end_silence(name)
    assert not hythe.alerts(home=home)[0].silent_until
    with pytest.raises(NotFound, match="no silence"):
        hythe.end_silence(name)
