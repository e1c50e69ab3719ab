"""Alerts that nobody looks at any more end by themselves."""

from __future__ import annotations

from tests.unit.monitor.alerts.play import DAY, finding
from tests.unit.operations.alerts.scene import Scene

from hythe.operations.alerts.expire import expire
from hythe.testing.receiver import Receiver

BAD = finding("feature:age")


def test_an_alert_of_a_version_without_traffic_ends_after_two_days(scene: Scene, hook: Receiver) -> None:
    scene.hour(BAD)
    assert expire(scene.catalog, scene.now() + 2 * DAY) == []
    [ended] = expire(scene.catalog, scene.now() + 2 * DAY + 1)
    assert ended.reason == "nothing was examined since 2026-01-05T01:00:00.000Z: version 1.0.0 has no traffic"
    assert scene.catalog.history("alert/1")[-1].actor == "controller"
    assert scene.states(logged=True) == {"fired log": "waiting", "resolved log": "waiting"}


def test_periods_of_a_week_are_waited_for(scene: Scene) -> None:
    scene.policy(periods_s=(3600, 7 * DAY))
    scene.hour(BAD)
    assert expire(scene.catalog, scene.now() + 14 * DAY) == []
    assert len(expire(scene.catalog, scene.now() + 14 * DAY + 1)) == 1


def test_what_was_looked_at_stands(scene: Scene) -> None:
    for _ in range(60):
        scene.hour(BAD)
    assert expire(scene.catalog, scene.now()) == []


def test_what_is_pending_is_forgotten_without_a_word(scene: Scene) -> None:
    scene.hour(finding("requests", kind="latency"))
    assert expire(scene.catalog, scene.now() + 3 * DAY) == []
    assert scene.catalog.alerts.read() == []
    assert [entry.action for entry in scene.catalog.history()] == ["put plan"]
