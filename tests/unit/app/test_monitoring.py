"""Monitoring from Python: the same operations, on the registry that is named."""

from __future__ import annotations

from pathlib import Path

import pytest

import hythe
from hythe.base.errors import Invalid, NotFound
from hythe.monitor.policy import MonitorPolicy
from hythe.registry.registry import Registry
from hythe.testing.versions import add_version


@pytest.fixture
def home(tmp_path: Path) -> Path:
    registry = Registry.open(tmp_path / "home")
    add_version(registry, "1.0.0")
    registry.close()
    hythe.create_endpoint("scoring", "churn:1.0.0", home=tmp_path / "home")
    return tmp_path / "home"


def test_a_policy_is_put_as_one_as_fields_and_as_a_file(home: Path, tmp_path: Path) -> None:
    assert hythe.apply_monitor(MonitorPolicy(least_rows=50), endpoint="scoring", home=home).revision == 1
    assert hythe.apply_monitor({"least_rows": 60}, endpoint="scoring", home=home).revision == 2
    (tmp_path / "scoring.toml").write_text("least_rows = 70")
    assert hythe.apply_monitor(tmp_path / "scoring.toml", why="a file", home=home).revision == 3
    assert hythe.monitor_settings("scoring", home=home).policy == MonitorPolicy(least_rows=70)
    with pytest.raises(Invalid, match="names no endpoint"):
        hythe.apply_monitor({}, home=home)


def test_an_endpoint_is_looked_at(home: Path) -> None:
    seen = hythe.monitor_status("scoring", since="1h", home=home)
    assert (seen.endpoint, seen.until - seen.since, seen.traffic) == ("scoring", 3600, ())
    with pytest.raises(NotFound):
        hythe.monitor_status("fraud", home=home)
