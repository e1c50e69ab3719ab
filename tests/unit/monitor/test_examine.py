"""A period is examined: what alarms, in what order, what is ignored, and what cannot be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.monitor.periods import HOUR, period

from hythe.monitor.checks import declared
from hythe.monitor.drift.distribution import Distribution
from hythe.monitor.examine import examine
from hythe.monitor.finding import Finding, Report
from hythe.monitor.period import Candidate, Period
from hythe.monitor.policy import MonitorPolicy

POLICY = MonitorPolicy()
ALPHA = POLICY.alpha(3600)


def rows(seed: int, size: int, shift: float = 0.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "age": rng.normal(40.0 + 10.0 * shift, 10.0, size),
        "income": rng.lognormal(shift, 1.0, size),
        "plan": rng.choice(["basic", "gold", "silver"], size, p=[0.6 - 0.2 * shift, 0.1 + 0.2 * shift, 0.3]),
    }


def drift(given: Period, policy: MonitorPolicy = POLICY, **options: Any) -> Report:
    return examine(given, policy, ALPHA, [Distribution()], **options)


def test_a_period_like_the_baseline_raises_no_alarm() -> None:
    report = drift(period(rows(0, 5000), rows(1, 800), importances={"age": 0.2, "income": 0.1, "plan": 0.1}))
    assert [finding.verdict for finding in report.findings] == ["ok"] * 3
    assert (report.rows, report.alpha, report.notes, report.start) == (800, ALPHA, (), HOUR)


def test_moved_features_alarm_those_that_matter_most_first() -> None:
    report = drift(
        period(rows(0, 5000), rows(1, 800, 0.6), importances={"age": 0.05, "income": 0.5, "plan": 0.1})
    )
    assert [finding.subject for finding in report.alarms] == ["feature:income", "feature:plan", "feature:age"]
    age = report.alarms[-1]
    assert age.weight == 0.1
    assert age.message.startswith("age moved: below ")
    assert age.value is not None
    assert age.value > 0.15
    assert age.details["mean"] == pytest.approx(46.0, abs=1.0)
    assert age.details["adjusted_p"] <= ALPHA
    assert {
        "kolmogorov_smirnov",
        "wasserstein",
        "population_stability_index",
        "jensen_shannon",
        "cramers_v",
    } <= (age.details.keys())
    assert sum(age.details["window"]) == pytest.approx(1.0, abs=1e-4)


def test_what_the_policy_ignores_is_not_judged() -> None:
    given = period(rows(0, 5000), rows(1, 800, 0.6))
    for ignored in ("age", "feature:age"):
        found = drift(given, MonitorPolicy(ignore=(ignored,)))
        assert [finding.subject for finding in found.alarms] == ["feature:income", "feature:plan"]
    assert drift(given, MonitorPolicy(ignore=("distribution",))).findings == ()


def test_an_empty_window_is_said_to_be_empty() -> None:
    given = period(rows(0, 500), rows(1, 800))
    empty = msgspec.structs.replace(given.window, rows=0, requests={}, features={})
    report = drift(replace(given, window=empty))
    assert report.findings == ()
    assert report.notes == ("no request came in this period, so there is nothing to compare",)


def test_a_window_of_few_rows_is_left_to_longer_periods() -> None:
    report = drift(period(rows(0, 500), rows(1, 60, 1.5)))
    assert report.findings == ()
    [note] = report.notes
    assert note.startswith("too_little: 60 rows came and least_rows is 100")


def test_a_window_from_the_future_is_not_looked_at() -> None:
    given = period(rows(0, 500), rows(1, 800, 1.5))
    assert drift(given, now=HOUR + 3600).alarms
    report = drift(given, now=HOUR - 7200)
    assert report.findings == ()
    assert "by a clock that is ahead" in report.notes[0]


def test_a_column_that_lost_all_its_values_alarms() -> None:
    now = {**rows(1, 800), "age": np.full(800, np.nan)}
    report = drift(period(rows(0, 500), now))
    [alarm] = report.alarms
    assert alarm.subject == "feature:age"
    assert "missing 0% -> 100%" in alarm.message


def test_a_column_without_any_value_in_the_reference_data_is_named() -> None:
    nothing = {"age": np.full(500, np.nan), "income": np.ones(500)}
    report = drift(period(nothing, {name: values[:300] for name, values in nothing.items()}))
    assert report.alarms == ()
    assert any("without any value in the reference data" in note and "age" in note for note in report.notes)


def test_an_old_baseline_without_importances_is_looked_at_and_told() -> None:
    report = drift(period(rows(0, 5000), rows(1, 800)))
    assert len(report.findings) == 3
    assert report.notes == (
        "the baseline has no importances, so all features weigh alike; pack the model again for them",
    )


def test_a_baseline_without_counts_is_told_and_finds_nothing() -> None:
    given = period(rows(0, 500), rows(1, 800))
    old = msgspec.structs.replace(given.baseline, features={}, importances=None)
    report = drift(replace(given, baseline=old))
    assert report.findings == ()
    assert "the bundle's baseline has no counts of features or outputs" in report.notes[0]


def test_features_counted_over_other_bins_or_not_at_all_are_named() -> None:
    given = period(rows(0, 5000), {name: values for name, values in rows(1, 800).items() if name != "plan"})
    other = period(rows(2, 30), rows(3, 800)).window.features["age"]
    window = msgspec.structs.replace(given.window, features={**given.window.features, "age": other})
    report = drift(replace(given, window=window))
    assert [finding.subject for finding in report.findings] == ["feature:income"]
    assert "not counted in this period, and so not looked at: plan" in report.notes
    assert "counted over other bins than the baseline's, and so not looked at: age" in report.notes


def test_too_little_reference_data_is_told_with_what_it_can_detect() -> None:
    [note] = [
        note for note in drift(period(rows(0, 30), rows(1, 800))).notes if note.startswith("too_little")
    ]
    assert "30 rows of reference data" in note
    assert "% of a feature's rows or more alarm" in note


def test_while_what_is_normal_is_being_learned_nothing_is_judged() -> None:
    report = drift(period(rows(0, 500), rows(1, 800, 1.0)), MonitorPolicy(learning_days=14))
    assert report.findings == ()
    assert any(note.startswith("3 tests wait until the 14 days of learning") for note in report.notes)


def test_a_check_that_fails_is_named_and_hides_no_other() -> None:
    class Broken:
        name = "broken"

        def look(self, _period: Period) -> list[Candidate | Finding]:
            raise ZeroDivisionError("by zero")

    given = period(rows(0, 5000), rows(1, 800, 0.6))
    report = examine(given, POLICY, ALPHA, [Broken(), Distribution()])
    assert len(report.alarms) == 3
    assert report.notes[-1] == "the check 'broken' failed and was left out: by zero"


def test_findings_of_a_checks_own_stand_beside_those_that_are_judged() -> None:
    class Limit:
        name = "limit"

        def look(self, _period: Period) -> Iterator[Candidate | Finding]:
            yield Finding(
                kind="latency", check="latency_p99", subject="requests", verdict="alarm", message="slow"
            )

    report = examine(period(rows(0, 5000), rows(1, 800)), POLICY, ALPHA, [Limit(), Distribution()])
    assert report.findings[0].check == "latency_p99"
    assert len(report.findings) == 4


def test_the_check_of_drift_is_installed_as_an_entry_point() -> None:
    assert "distribution" in [check.name for check in declared()]


def test_the_same_values_give_the_same_report() -> None:
    given = period(rows(0, 5000), rows(1, 800, 0.2))
    assert drift(given) == drift(given)
