"""When alerts fire, stand and resolve."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.monitor.alerts.play import DAY, DRIFT, HOUR, Play, finding, report

from hythe.monitor.alerts.advance import advance
from hythe.monitor.alerts.alert import Acknowledged
from hythe.monitor.alerts.defaults import RULES
from hythe.monitor.rule import Rule

BAD, WEAK = finding("feature:age"), finding("feature:age", "ok", p_value=0.001)
FINE, LITTLE = finding("feature:age", "ok", p_value=0.4), finding("feature:age", "too_little")


def test_drift_of_many_hours_fires_once_and_resolves_once() -> None:
    play = Play()
    happened = play.hours({hour: [BAD] for hour in range(3, 9)}, until=24)
    assert happened == {3: ["fired 1"], 10: ["resolved 1"]}
    [alert] = play.alerts
    assert (alert.began, alert.subjects[0].until) == (3 * HOUR, 9 * HOUR)
    assert alert.reason == "no sign of it any more"


def test_twelve_drifted_features_are_one_alert_with_a_list() -> None:
    play = Play()
    names = [f"feature:x{n}" for n in range(12)]
    assert play.take(report(0, *map(finding, names))) == ["fired 1"]
    assert [subject.name for subject in play.alerts[0].standing] == names


def test_several_checks_of_one_feature_are_one_subject_with_all_their_findings() -> None:
    play = Play()
    play.take(report(0, finding("feature:age", check="distribution"), finding("feature:age", check="joint")))
    [subject] = play.alerts[0].subjects
    assert [each.check for each in subject.findings] == ["distribution", "joint"]


def test_a_feature_that_drifts_within_a_day_joins_and_calls_nobody() -> None:
    play = Play()
    other = finding("feature:pay")
    happened = play.hours({1: [BAD], 2: [BAD, other], 3: [BAD, other]}, until=4)
    assert happened == {1: ["fired 1"]}
    assert [subject.name for subject in play.alerts[0].standing] == ["feature:age", "feature:pay"]


def test_a_feature_that_drifts_days_later_is_another_cause() -> None:
    play = Play()
    other = finding("feature:pay")
    told = {hour: [BAD] if hour < 40 else [BAD, other] for hour in range(1, 50)}
    assert play.hours(told, until=50) == {1: ["fired 1"], 40: ["fired 2"]}


def test_what_somebody_looks_after_is_not_joined_by_something_new() -> None:
    play = Play()
    play.take(report(0, BAD))
    play.alerts = [replace(play.alerts[0], acknowledged=Acknowledged("ana", 10))]
    assert play.take(report(HOUR, BAD, finding("feature:pay"))) == ["fired 2"]
    assert play.alerts[0].acknowledged == Acknowledged("ana", 10)


def test_a_rule_that_wants_three_periods_fires_at_the_third_in_a_row() -> None:
    play = Play([Rule(name="drift", kind="drift", for_periods=3)])
    told = {1: [BAD], 2: [BAD], 4: [BAD], 5: [BAD], 6: [BAD]}
    assert play.hours(told, until=8) == {6: ["fired 1"]}
    assert play.alerts[0].began == 4 * HOUR


def test_what_waits_for_its_third_period_is_pending_and_forgotten_when_it_goes() -> None:
    play = Play([Rule(name="drift", kind="drift", for_periods=3)])
    play.take(report(0, BAD))
    assert [alert.state for alert in play.alerts] == ["pending"]
    play.take(report(HOUR, FINE))
    assert play.alerts == []


def test_a_weak_sign_keeps_an_alert_standing() -> None:
    told = {1: [BAD], **{hour: [WEAK] for hour in (2, 4, 6, 8)}}
    assert Play().hours(told, until=12) == {1: ["fired 1"], 10: ["resolved 1"]}


def test_drift_that_is_proven_each_third_hour_is_one_alert() -> None:
    told = {hour: [BAD if hour % 3 == 0 else WEAK] for hour in range(60)}
    assert Play().hours(told, until=60) == {0: ["fired 1"]}


def test_hours_with_too_little_to_test_neither_fire_nor_resolve() -> None:
    told = {hour: [LITTLE] for hour in range(2, 10)} | {1: [BAD]}
    assert Play().hours(told, until=12) == {1: ["fired 1"], 11: ["resolved 1"]}


def test_a_report_without_findings_says_nothing() -> None:
    told = {1: [BAD], **{hour: [] for hour in range(2, 10)}}
    assert Play().hours(told, until=10) == {1: ["fired 1"]}


def test_hours_in_which_only_service_was_looked_at_say_nothing_of_values() -> None:
    service = [finding("requests", "ok", kind="errors"), finding("feature:age", "ok", kind="quality")]
    told = {1: [BAD], **{hour: [service[0], replace(service[1], subject="x")] for hour in range(2, 9)}}
    assert Play().hours(told, until=11) == {1: ["fired 1"], 10: ["resolved 1"]}


def test_slow_answers_do_not_hide_that_requests_are_refused() -> None:
    play = Play([Rule(name="latency", kind="latency"), Rule(name="quality", kind="quality")])
    slow, refused = finding("requests", kind="latency"), finding("requests", kind="quality")
    assert play.take(report(0, slow)) == ["fired 1"]
    assert play.take(report(HOUR, slow, refused)) == ["fired 2"]


def test_a_check_that_tells_of_faults_alone_resolves_when_it_says_nothing() -> None:
    told = {1: [finding("feature:age", kind="quality")]}
    assert Play(RULES).hours(told, until=6) == {1: ["fired 1"], 3: ["resolved 1"]}


def test_performance_that_is_not_known_yet_is_no_recovery() -> None:
    low = finding("accuracy", kind="performance", value=0.6, low=0.5, high=0.7)
    rule = Rule(name="labels", check="*", below=0.8)
    told = {1: [low], 7: [replace(low, verdict="ok", value=0.9, low=0.85, high=0.95)]}
    play = Play([rule])
    assert play.hours(told, until=8) == {1: ["fired 1"]}
    assert play.take(report(8 * HOUR, replace(low, verdict="ok", value=0.9, high=0.95))) == ["resolved 1"]


def test_a_limit_is_crossed_by_the_interval_and_left_by_the_value() -> None:
    rule = Rule(name="slow", check="p99", above=0.5, clear_periods=1)

    def seen(value: float, low: float) -> list[str]:
        return play.take(
            report(len(taken) * HOUR, finding("requests", "ok", check="p99", value=value, low=low))
        )

    play, taken = Play([rule]), list[list[str]]()
    for value, low in ((0.6, 0.4), (0.7, 0.55), (0.6, 0.4), (0.45, 0.3)):
        taken.append(seen(value, low))
    assert taken == [[], ["fired 1"], [], ["resolved 1"]]


def test_the_day_that_saw_the_same_trouble_is_no_second_alert() -> None:
    play = Play()
    assert play.hours({3: [BAD]}, until=24) == {3: ["fired 1"], 5: ["resolved 1"]}
    assert play.take(report(0, BAD, period_s=DAY)) == []
    assert play.take(report(DAY, BAD, period_s=DAY)) == ["fired 2"]


def test_the_day_before_a_recovery_does_not_hold_an_alert_up() -> None:
    play = Play()
    assert play.hours({hour: [BAD] for hour in range(20, 24)}, until=24) == {20: ["fired 1"]}
    assert play.take(report(24 * HOUR, FINE)) == []
    assert play.take(report(0, BAD, period_s=DAY)) == []
    assert play.take(report(25 * HOUR, FINE)) == ["resolved 1"]


def test_drift_that_only_days_can_show_is_resolved_by_days() -> None:
    play = Play()
    hours = [finding("feature:age", "ok", p_value=0.3)]
    happened = []
    for day in range(6):
        for hour in range(24):
            assert play.take(report(day * DAY + hour * HOUR, *hours)) == []
        happened.append(play.take(report(day * DAY, BAD if day in {1, 2} else FINE, period_s=DAY)))
    assert happened == [[], ["fired 1"], [], [], ["resolved 1"], []]


def test_hours_that_become_too_small_leave_recovery_to_the_days() -> None:
    play = Play()
    assert play.take(report(0, BAD)) == ["fired 1"]
    for day in (1, 2):
        assert play.take(report(day * DAY, LITTLE)) == []
        events = play.take(report(day * DAY, FINE, period_s=DAY))
    assert events == ["resolved 1"]


def test_a_feature_that_comes_empty_is_told_as_bad_data_and_not_as_drift_once_more() -> None:
    play = Play(RULES)
    empty = finding("feature:age", kind="quality", check="missing")
    assert play.take(report(0, BAD, empty)) == ["fired 1"]
    firing = [alert for alert in play.alerts if alert.state == "firing"]
    assert [alert.rule for alert in firing] == ["quality"]


def test_drift_that_stays_after_the_bad_data_have_gone_is_told_then() -> None:
    play = Play(RULES)
    empty = finding("feature:age", kind="quality", check="missing")
    fine = replace(empty, verdict="ok")
    events = [play.take(report(hour * HOUR, BAD, empty if hour < 2 else fine)) for hour in range(4)]
    assert [len(each) for each in events] == [1, 0, 0, 2]
    assert {alert.rule: alert.state for alert in play.alerts} == {"quality": "resolved", "drift": "firing"}


def test_a_warning_does_not_hide_what_is_critical() -> None:
    bad = Rule(name="bad", check="accuracy", below=0.7, severity="critical")
    play = Play([Rule(name="poor", check="accuracy", below=0.9), bad])
    seen = [finding("labels", "ok", check="accuracy", value=v, high=v + 0.01) for v in (0.8, 0.8, 0.5)]
    assert [play.take(report(hour * HOUR, each)) for hour, each in enumerate(seen)] == [
        ["fired 1"],
        [],
        ["fired 2"],
    ]


def test_the_same_report_again_changes_nothing() -> None:
    play = Play([Rule(name="drift", kind="drift", for_periods=2)])
    for hour, found in enumerate([BAD, BAD, BAD, FINE]):
        play.take(report(hour * HOUR, found))
        before = list(play.alerts)
        assert play.take(report(hour * HOUR, found)) == []
        assert play.alerts == before


def test_a_report_that_comes_late_changes_nothing_of_what_stands() -> None:
    play = Play()
    play.take(report(5 * HOUR, BAD))
    before = list(play.alerts)
    assert play.take(report(4 * HOUR, FINE)) == []
    assert play.alerts == before


def test_an_alert_resolved_by_hand_stays_so_for_the_periods_that_it_was_about() -> None:
    play = Play()
    play.take(report(0, BAD))
    play.alerts = [replace(play.alerts[0], state="resolved", resolved_at=HOUR + 60)]
    assert play.take(report(0, BAD)) == []
    assert play.take(report(0, BAD, period_s=DAY)) == []
    assert play.take(report(HOUR, BAD)) == ["fired 2"]


def test_alerts_of_a_rule_that_is_gone_end_with_the_next_report() -> None:
    play = Play([DRIFT])
    play.take(report(0, BAD))
    play.rules = RULES[:2]
    assert play.take(report(HOUR, BAD)) == ["resolved 1"]
    assert play.alerts[0].reason == "there is no rule 'drift' any more"


SEEN = st.lists(
    st.tuples(st.sampled_from([BAD, WEAK, FINE, LITTLE]), st.sampled_from([BAD, WEAK, FINE, LITTLE])),
    max_size=20,
)


@given(SEEN, st.integers(1, 3), st.integers(1, 3))
def test_events_of_a_subject_take_turns_whatever_comes(
    seen: list[tuple[object, object]], for_periods: int, clear_periods: int
) -> None:
    play = Play([Rule(name="drift", kind="drift", for_periods=for_periods, clear_periods=clear_periods)])
    events = []
    for hour, (short, long) in enumerate(seen):
        events += play.take(report(hour * HOUR, short))  # type: ignore[arg-type]
        if hour % 4 == 3:
            events += play.take(report((hour - 3) * HOUR, long, period_s=4 * HOUR))  # type: ignore[arg-type]
        assert sum(alert.state == "firing" for alert in play.alerts) <= 1
    assert [event.split()[0] for event in events] == [
        "fired" if turn % 2 == 0 else "resolved" for turn in range(len(events))
    ]


def test_a_thousand_features_are_taken_at_once() -> None:
    found = [finding(f"feature:{n}", check=check) for n in range(1000) for check in "abc"]
    done = advance(report(0, *found), RULES, [], 0)
    assert [len(alert.subjects) for alert in done.alerts] == [1000]
