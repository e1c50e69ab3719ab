"""A look at an endpoint shows what is stored and what is not yet, changes nothing, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.operations.monitoring.scene import DAY, HOUR, START, Scene

from hythe.base.errors import NotFound
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.turn import LEASE
from hythe.operations.monitoring.view import MonitorView
from hythe.operations.monitoring.viewer import Viewer
from hythe.registry.leases import Lease
from hythe.registry.registry import Registry


def look(scene: Scene, seconds: float = DAY, version: str | None = None) -> MonitorView:
    return Viewer(scene.registry, "scoring", scene.clock).look(seconds, version)


def test_what_nobody_looked_at_yet_is_looked_at_and_not_stored(scene: Scene) -> None:
    scene.deliver(*(scene.window(START + hour * HOUR, 200) for hour in range(3)))
    scene.clock.tick(3 * HOUR)
    seen = look(scene)
    assert [(report.start - START) // HOUR for report in seen.reports] == [0, 1, 2]
    assert seen.computed == 3
    assert scene.reports == []
    assert scene.registry.catalog.alerts.read("scoring") == []
    assert any("what nobody had looked at (3) was looked at now" in line for line in seen.next)


def test_what_is_computed_is_what_would_be_stored(scene: Scene) -> None:
    scene.deliver(*(scene.window(START + hour * HOUR, 200, shift=hour / 10) for hour in range(6)))
    scene.clock.tick(6 * HOUR + 200)
    seen = look(scene)
    scene.monitoring.turn()
    assert list(seen.reports) == scene.reports
    stored = look(scene)
    assert (stored.reports, stored.computed) == (seen.reports, 0)


def test_a_viewer_computes_each_period_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.deliver(scene.window(START, 200))
    scene.clock.tick(HOUR)
    viewer = Viewer(scene.registry, "scoring", scene.clock)
    first = viewer.look(DAY)
    monkeypatch.setattr("hythe.operations.monitoring.assess.Assessor.assess", None)
    assert viewer.look(DAY).reports == first.reports


def test_traffic_adds_up_to_the_last_second_also_of_a_period_that_has_not_ended(scene: Scene) -> None:
    scene.deliver(
        scene.window(START, 200, requests={"answered": 150, "failed:internal": 50}),
        scene.window(START + 10, 100, share=0.0),
        scene.window(START + 20, 60, version="1.1.0", share=0.05),
    )
    scene.clock.tick(60)
    seen = look(scene, HOUR)
    one, other = seen.traffic
    assert (one.version, one.total, one.apart, one.failed) == ("1.0.0", 200, 100, 0.25)
    assert (other.version, other.total) == ("1.1.0", 60)
    assert sum(one.parts) == 200
    assert one.p99_s == pytest.approx(0.004, rel=0.13)
    assert seen.shares == {"1.0.0": 1.0}
    assert seen.reports == ()


def test_the_newest_finding_of_each_subject_stands_with_how_it_came_to_that(scene: Scene) -> None:
    scene.serve(5)
    scene.serve(1, shift=0.6)
    seen = look(scene).subjects["1.0.0"]
    first = seen[0]
    assert (first.subject, first.verdict, first.period_s) == ("feature:tenure", "alarm", HOUR)
    assert len(first.trend) == 6
    assert first.trend[-1] == max(value for value in first.trend if value is not None)
    assert "requests" not in {view.check for view in seen}


def test_an_alarm_of_the_hour_speaks_before_a_day_that_is_well(scene: Scene) -> None:
    scene.serve(23)
    scene.serve(1, shift=0.35)
    scene.clock.tick(600)
    scene.monitoring.turn()
    views = {(view.subject, view.check): view for view in look(scene, 2 * DAY).subjects["1.0.0"]}
    assert views["feature:tenure", "distribution"].period_s == HOUR
    assert views["output:value", "distribution"].period_s == DAY


def test_one_version_alone_may_be_looked_at(scene: Scene) -> None:
    scene.deliver(scene.window(START, 200), scene.window(START, 50, version="1.1.0"))
    scene.clock.tick(HOUR)
    seen = look(scene, version="1.1.0")
    assert ({each.version for each in seen.traffic}, {each.version for each in seen.reports}) == (
        {"1.1.0"}, {"1.1.0"},
    )  # fmt: skip


def test_an_endpoint_without_traffic_says_what_to_do(scene: Scene) -> None:
    seen = look(scene)
    assert (seen.traffic, seen.reports, seen.subjects) == ((), (), {})
    assert "nothing was observed" in seen.next[0]


def test_traffic_that_only_names_versions_is_told(scene: Scene) -> None:
    scene.deliver(scene.window(START, 200, share=0.0))
    scene.clock.tick(60)
    assert "200 requests named a version" in look(scene).next[0]


def test_who_monitors_is_named_and_an_alert_is_to_be_looked_after(scene: Scene) -> None:
    scene.registry.catalog.leases.write(Lease(LEASE), "elsewhere 7 x")
    scene.serve(2, shift=0.6)
    seen = look(scene)
    assert seen.monitor == "elsewhere 7 x"
    assert [alert.state for alert in seen.alerts] == ["firing"]
    assert seen.next[0].endswith(f'hythe alerts ack {seen.alerts[0].id} --note "…"')
    assert seen.next[1].startswith("begin with tenure of 1.0.0")
    assert len(seen.next) == 2


def test_where_nothing_alarms_the_page_says_so(scene: Scene) -> None:
    scene.registry.catalog.leases.write(Lease(LEASE), "elsewhere 7 x")
    scene.serve(2)
    assert look(scene).next == ("nothing; how it is judged: hythe monitor settings scoring",)


def test_windows_of_a_clock_that_is_ahead_are_told(scene: Scene) -> None:
    scene.deliver(scene.window(scene.now + 7200, 10))
    seen = look(scene)
    assert (seen.traffic, seen.reports) == ((), ())
    assert "begin up to 7,200 s from now" in seen.notes[0]


def test_more_time_than_there_was_is_all_of_it(scene: Scene) -> None:
    scene.deliver(scene.window(START, 10))
    assert look(scene, 1e300).since == 0


def test_the_policy_that_stands_is_shown(scene: Scene) -> None:
    scene.settle(MonitorPolicy(least_rows=7))
    seen = look(scene)
    assert (seen.revision, seen.policy.least_rows) == (1, 7)


def test_an_endpoint_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path, "sqlite://")
    with pytest.raises(NotFound, match="endpoints: none yet"):
        Viewer(registry, "scoring").look(DAY)
    registry.close()
