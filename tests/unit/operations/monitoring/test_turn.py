"""Each period that ended is looked at once, whoever dies meanwhile, and what is found follows from counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.operations.monitoring.scene import HOUR, START, Scene

from hythe.base.errors import Corrupt, Unavailable
from hythe.monitor.drift.levels import vary
from hythe.monitor.examine import examine
from hythe.monitor.finding import Finding, Report
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling
from hythe.monitor.outcomes.join import Join
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.service.history import served_in
from hythe.operations.alerts import take as taking
from hythe.operations.feedback.match import match
from hythe.operations.feedback.records import feedback_records
from hythe.operations.monitoring import turn
from hythe.operations.monitoring.assess import Assessor
from hythe.operations.monitoring.stored import report_in, service_in
from hythe.operations.monitoring.turn import MOST_A_TURN, Monitoring
from hythe.operations.monitoring.versions import Plans
from hythe.operations.windows import stored_join
from hythe.registry.monitor_edits import MonitorEdits
from hythe.registry.reports import Reports
from hythe.registry.windows import Delivery, WindowRecord

SHIFT = 0.6
NS = 10**9


def hours(reports: list[Report]) -> list[int]:
    """Give the hours that were reported on, counted from the start."""
    return [(report.start - START) // HOUR for report in reports if report.period_s == HOUR]


def found(report: Report, check: str) -> Finding:
    [finding] = [finding for finding in report.findings if finding.check == check]
    return finding


def test_each_period_that_ended_has_one_report(scene: Scene) -> None:
    scene.serve(25)
    scene.monitoring.turn()
    Monitoring(scene.registry, scene.clock).turn()
    assert hours(scene.reports) == list(range(25))
    [day] = [report for report in scene.reports if report.period_s == 24 * HOUR]
    assert (day.start, day.rows) == (START, 24 * 400)


def test_without_drift_nothing_alarms_and_with_it_the_feature_that_moved_is_on_top(scene: Scene) -> None:
    scene.serve(25)
    assert [report.alarms for report in scene.reports if report.alarms] == []
    assert scene.registry.catalog.alerts.read("scoring") == []
    scene.serve(1, shift=SHIFT)
    report = scene.reports[-1]
    assert (report.findings[0].subject, report.findings[0].verdict) == ("feature:tenure", "alarm")
    assert {finding.subject for finding in report.alarms} == {"feature:tenure"}
    [alert] = scene.registry.catalog.alerts.read("scoring")
    assert alert.state == "firing"
    [entry] = scene.registry.history(f"alert/{alert.id}")
    assert (entry.actor, entry.why) == ("monitor", "1h from 2026-03-03 01:00:00 UTC")


class OfNumpy:
    """A check of another package, whose numbers are numpy's own."""

    name = "energy"

    def look(self, period: Period) -> list[Finding]:
        raw: dict[str, Any] = {"value": np.float32(0.5), "n": np.int64(period.window.rows), "details": {}}
        raw["details"] = {"bars": np.arange(3), "most": np.float64(2.0)}
        return [Finding(kind="drift", check="energy", subject="joint", verdict="alarm", message="!", **raw)]


def test_a_check_that_gives_numbers_of_numpy_is_reported_and_alarms_as_any(scene: Scene) -> None:
    scene.monitoring = Monitoring(
        scene.registry,
        scene.clock,
        examine=lambda period, policy, alpha: examine(period, policy, alpha, [OfNumpy()]),
    )
    scene.clock.tick(30)
    scene.serve(2)
    assert hours(scene.reports) == [0, 1]
    finding = found(scene.reports[-1], "energy")
    assert (finding.value, finding.n, finding.details) == (0.5, 400, {"bars": [0, 1, 2], "most": 2.0})
    [alert] = scene.registry.catalog.alerts.read("scoring")
    assert alert.state == "firing"


def test_late_windows_count_until_the_grace_is_over(scene: Scene) -> None:
    scene.clock.tick(HOUR + 100)
    scene.deliver(scene.window(START, 150))
    assert scene.monitoring.turn() == []
    scene.deliver(scene.window(START + 60, 150))
    scene.clock.tick(100)
    [report] = scene.monitoring.turn()
    assert report.rows == 300
    scene.deliver(scene.window(START + 120, 150))
    scene.clock.tick(HOUR)
    assert [report.start - START for report in scene.monitoring.turn()] == [HOUR]
    assert [report.rows for report in scene.reports] == [300, 0]


def test_servers_get_time_to_store_what_they_kept_while_the_catalog_was_away(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.clock.tick(2 * HOUR)
    with monkeypatch.context() as away:
        away.setattr(scene.registry.catalog.observations, "endpoints", raising(Unavailable("gone")))
        with pytest.raises(Unavailable):
            scene.monitoring.turn()
    scene.deliver(scene.window(START, 150))
    assert scene.monitoring.turn() == []
    scene.deliver(scene.window(START + 60, 150))
    scene.clock.tick(30)
    assert [report.rows for report in scene.monitoring.turn()] == [300]


def raising(err: BaseException) -> Callable[..., Any]:
    def fails(*_args: object, **_named: object) -> Any:
        raise err

    return fails


class Killed(BaseException):
    """What ends a process, and what no `except Exception` sees."""


POINTS: dict[str, tuple[Any, str]] = {
    "while it reads windows": (Plans, "of"),
    "before it looks": (Assessor, "assess"),
    "before it stores": (MonitorEdits, "put_report"),
    "before alerts are taken": (turn, "take"),
    "after alerts are taken": (taking, "post"),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_turn_that_dies_is_made_up_for_by_the_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    scene.serve(2)
    scene.deliver(scene.window(scene.now, 300, shift=SHIFT))
    scene.clock.tick(HOUR + 200)
    with monkeypatch.context() as killing:
        killing.setattr(*POINTS[point], raising(Killed()))
        with pytest.raises(Killed):
            scene.monitoring.turn()
    assert hours(scene.reports) == [0, 1]
    assert scene.registry.catalog.alerts.read("scoring") == []
    after = Monitoring(scene.registry, scene.clock)
    scene.clock.tick(30)
    assert hours(after.turn()) == [2]
    assert after.turn() == []
    assert Counter(hours(scene.reports)) == {0: 1, 1: 1, 2: 1}
    assert len(scene.registry.catalog.alerts.read("scoring")) == 1


def test_of_two_that_look_at_one_period_one_stores_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.deliver(scene.window(START, 300))
    scene.clock.tick(HOUR + 200)
    other = Monitoring(scene.registry, scene.clock)
    scene.clock.tick(30)
    plain = Assessor.assess

    def overtaken(self: Any, *args: Any) -> Any:
        done = plain(self, *args)
        monkeypatch.undo()
        assert len(other.turn()) == 1
        return done

    monkeypatch.setattr(Assessor, "assess", overtaken)
    assert scene.monitoring.turn() == []
    assert len(scene.reports) == 1


def test_whoever_does_not_hold_the_lease_any_more_stores_nothing(scene: Scene) -> None:
    scene.deliver(scene.window(START, 300))
    late = Monitoring(scene.registry, scene.clock, go_on=lambda: False)
    scene.clock.tick(HOUR + 200)
    with pytest.raises(Unavailable, match="another process"):
        late.turn()
    assert scene.reports == []


def test_a_long_outage_is_caught_up_some_periods_a_turn_the_oldest_first(scene: Scene) -> None:
    scene.deliver(*(scene.window(START + hour * HOUR, 150) for hour in range(20)))
    scene.clock.tick(20 * HOUR + 200)
    looked = [hours(scene.monitoring.turn()) for _ in range(4)]
    assert looked == [
        list(range(MOST_A_TURN)),
        list(range(MOST_A_TURN, 2 * MOST_A_TURN)),
        list(range(2 * MOST_A_TURN, 20)),
        [],
    ]


def test_traffic_that_was_not_drawn_is_told_and_not_tested(scene: Scene) -> None:
    scene.deliver(
        scene.window(START, 200), scene.window(START + 1, 300, share=0.0, shift=5.0),
    )  # fmt: skip
    scene.clock.tick(HOUR + 200)
    [report] = scene.monitoring.turn()
    assert (report.rows, report.alarms, found(report, "requests").n) == (200, (), 200)
    assert "300 requests asked for this version by number" in report.notes[0]


def test_windows_of_several_shares_and_revisions_count_together(scene: Scene) -> None:
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", tx.plan("scoring").document)
    scene.deliver(
        scene.window(START, 200, share=0.1), scene.window(START + 60, 100, share=0.5, revision=2),
    )  # fmt: skip
    scene.clock.tick(HOUR + 200)
    [report] = scene.monitoring.turn()
    assert report.rows == 300
    assert found(report, "requests").details["whole"] == 200 / 0.1 + 100 / 0.5


def test_windows_of_an_earlier_bundle_by_the_same_number_are_left_out(scene: Scene) -> None:
    plan = scene.registry.catalog.plan("scoring").document
    other = {**plan, "arms": [{"version": "1.0.0", "digest": "sha256:" + "0" * 64}]}
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", other)
        tx.put_plan("scoring", plan)
    scene.deliver(scene.window(START, 500, revision=2, shift=5.0), scene.window(START + 60, 200, revision=3))
    scene.clock.tick(HOUR + 200)
    [report] = scene.monitoring.turn()
    assert (report.rows, report.alarms) == (200, ())
    assert "500 rows were answered by an earlier bundle" in report.notes[0]


def test_what_was_merged_into_longer_windows_is_not_looked_at_by_the_hour(scene: Scene) -> None:
    scene.deliver(scene.window(START, 900, period_s=24 * HOUR))
    scene.clock.tick(24 * HOUR + 700)
    [report] = scene.monitoring.turn()
    assert (report.period_s, report.rows) == (24 * HOUR, 900)


def test_a_version_without_a_baseline_is_told_and_its_service_is_watched(scene: Scene) -> None:
    scene.deliver(scene.window(START, 200, version="1.1.0"))
    scene.clock.tick(HOUR + 200)
    [report] = scene.monitoring.turn()
    assert found(report, "error_rate").value == 0.0
    assert "packed without a baseline" in report.notes[0]


def test_a_bundle_that_is_gone_is_told_and_service_is_watched(scene: Scene) -> None:
    plan = scene.registry.catalog.plan("scoring").document
    gone = {**plan, "arms": [{"version": "1.0.0", "digest": "sha256:" + "0" * 64}]}
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", gone)
    scene.deliver(scene.window(START, 200, revision=2))
    scene.clock.tick(HOUR + 200)
    [report] = scene.monitoring.turn()
    assert "its bundle cannot be read here" in report.notes[0]
    assert found(report, "requests").n == 200


def test_traffic_that_breaks_off_alarms_and_one_that_was_never_there_does_not(scene: Scene) -> None:
    scene.serve(25)
    scene.clock.tick(HOUR)
    [silent] = scene.monitoring.turn()
    assert (silent.rows, silent.start) == (0, START + 25 * HOUR)
    assert [finding.check for finding in silent.alarms] == ["requests"]
    assert "no requests" in found(silent, "requests").message


def test_labels_of_a_version_without_traffic_are_looked_at_when_they_are_told(scene: Scene) -> None:
    scene.serve(1)
    ids = [f"017f22e2-79b0-7000-8000-{row:012x}" for row in range(50)]
    scene.deliver(
        joins=[
            stored_join(
                Join(
                    name,
                    0,
                    1,
                    START * NS,
                    "scoring",
                    "1.0.0",
                    1.0,
                    "",
                    degraded=False,
                    outputs={"value": [1.0]},
                    revision=1,
                )
            )
            for name in ids
        ]
    )
    scene.clock.tick(5 * HOUR)
    telling = Telling([Expected("any")])
    telling.add([Item(name, 0, 1.5) for name in ids])
    catalog = scene.registry.catalog
    catalog.feedback.put(feedback_records("scoring", telling.told, scene.now * NS))
    match(catalog, 60.0)
    told = scene.now // HOUR * HOUR
    scene.clock.tick(HOUR)
    [report] = [report for report in scene.monitoring.turn() if report.start == told]
    assert (report.rows, found(report, "mae").value) == (0, 0.5)


def test_one_endpoint_that_cannot_be_looked_at_keeps_none_of_the_others(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    window = WindowRecord("a", "1.0.0", START, 1, b"{}")
    scene.registry.catalog.observations.store(Delivery("other", 1, 0, {}, (window,)))
    with scene.registry.catalog.edit(actor="newer") as tx:
        tx.put_monitor("a", {"format": 99})
    scene.deliver(scene.window(START, 300))
    scene.clock.tick(HOUR + 200)
    assert len(scene.monitoring.turn()) == 1
    assert scene.monitoring.turn() == []
    assert capfd.readouterr().err.count("an endpoint cannot be monitored") == 1


def test_a_period_that_cannot_be_read_is_told_and_the_next_ones_are_looked_at(scene: Scene) -> None:
    spoilt = WindowRecord("scoring", "1.0.0", START + 9, 1, b"no window", revision=1)
    scene.registry.catalog.observations.store(Delivery("other", 1, 0, {}, (spoilt,)))
    scene.deliver(scene.window(START, 300), scene.window(START + HOUR, 300))
    scene.clock.tick(2 * HOUR + 200)
    first, second = scene.monitoring.turn()
    assert (first.rows, first.findings, second.rows) == (0, (), 300)
    assert "could not be looked at: Corrupt: a window cannot be read" in first.notes[0]
    assert scene.monitoring.turn() == []


def test_while_it_learns_no_test_alarms_and_what_was_learned_is_stored_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.settle(MonitorPolicy(learning_days=1.0, periods_s=(HOUR,)))
    scene.serve(1, shift=SHIFT)
    [first] = scene.reports
    assert first.alarms == ()
    assert any("being learned until 2026-03-03 00:00 UTC" in note for note in first.notes)
    scene.serve(24)
    learned = scene.reports[-1]
    assert not any("learn" in note for note in learned.notes)
    monkeypatch.setattr("hythe.operations.monitoring.learning.learn", raising(AssertionError("again")))
    scene.monitoring = Monitoring(scene.registry, scene.clock)
    scene.clock.tick(30)
    scene.serve(1, shift=3.0)
    assert scene.reports[-1].alarms


def test_who_loses_the_lease_while_it_learns_ends_with_the_feature_it_is_at(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.settle(MonitorPolicy(learning_days=1.0, periods_s=(HOUR,)))
    scene.serve(24)
    learned: list[int] = []

    def lose(starts: Sequence[int], *args: Any, **options: Any) -> Any:
        learned.append(len(starts))
        return vary(starts, *args, **options)

    monkeypatch.setattr("hythe.monitor.drift.learning.vary", lose)
    scene.monitoring = Monitoring(scene.registry, scene.clock, go_on=lambda: not learned)
    scene.clock.tick(30)
    with pytest.raises(Unavailable, match="another process"):
        scene.serve(1)
    assert learned == [24]


def test_short_periods_are_looked_at_as_policies_say(scene: Scene) -> None:
    scene.settle(MonitorPolicy(periods_s=(5,), least_rows=50))
    scene.deliver(scene.window(START, 100), scene.window(START + 6, 80), scene.window(START + 11, 60))
    scene.clock.tick(13)
    assert [(report.start - START, report.rows) for report in scene.monitoring.turn()] == [(0, 100), (5, 80)]


def test_old_reports_are_removed_once_an_hour(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.serve(2)
    forgotten: list[tuple[int, int]] = []

    def forget(_reports: Reports, period_s: int, before: int) -> int:
        forgotten.append((period_s, before))
        return 0

    monkeypatch.setattr(Reports, "forget", forget)
    scene.monitoring.turn()
    scene.clock.tick(HOUR)
    scene.monitoring.turn()
    assert forgotten == [(HOUR, scene.now - 90 * 24 * HOUR)]


def test_a_report_reads_back_as_it_was(scene: Scene) -> None:
    scene.serve(1)
    [record] = scene.registry.catalog.reports.read("scoring")
    assert report_in(record) == scene.reports[0]
    assert served_in(service_in(record)) == served_in(scene.reports[0])
    assert served_in(scene.reports[0]).requests == 400
    for read in (report_in, service_in):
        with pytest.raises(Corrupt, match=r"the report of scoring 1\.0\.0 on 3600 s"):
            read(msgspec.structs.replace(record, document=b'{"findings": 5}'))
