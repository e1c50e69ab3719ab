"""Refused requests: the share that is surely too large alarms, and says what was wrong where."""

from __future__ import annotations

import pytest
from scipy import stats
from tests.unit.monitor.quality.real import birds

from hythe.monitor.examine import examine
from hythe.monitor.finding import Finding
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.quality.refused import CHANCE, LIMIT, Refused
from hythe.monitor.windows.window import Window
from hythe.statistics.clopper_pearson import rate_bounds


def look(requests: dict[str, int], faults: dict[str, int] | None = None) -> list[Finding]:
    window = Window("e", "1.0.0", 0, 3600, requests=requests, faults=faults or {})
    known = birds()
    return list(Refused().look(Period(window=window, baseline=known.baseline, schema=known.schema)))


@pytest.mark.parametrize(("found", "n"), [(1, 50), (30, 1000), (999, 1000)])
def test_the_bounds_are_those_of_clopper_and_pearson(found: int, n: int) -> None:
    interval = stats.binomtest(found, n).proportion_ci(1 - 2 * CHANCE, "exact")
    assert rate_bounds(found, n, CHANCE)[0] == pytest.approx(interval.low, rel=1e-6)
    assert rate_bounds(found, n, CHANCE)[1] == pytest.approx(interval.high, rel=1e-6)


def test_no_requests_give_no_finding() -> None:
    assert look({}) == []


def test_few_refusals_are_told_and_do_not_alarm() -> None:
    [finding] = look({"answered": 995, "refused:invalid": 5})
    assert (finding.verdict, finding.value, finding.limit) == ("ok", 0.005, LIMIT)


def test_many_refusals_alarm_and_name_the_column_and_what_was_wrong() -> None:
    faults = {"unit:bill_length_mm": 180, "renamed_column:sex": 15, "document:": 5}
    everything, unit, renamed, document = look({"answered": 800, "refused:invalid": 200}, faults)
    assert (everything.check, everything.verdict) == ("refused", "alarm")
    assert "write bill_length_mm with a unit behind it" in everything.message
    assert (unit.check, unit.subject, unit.verdict) == ("unit", "feature:bill_length_mm", "alarm")
    assert (renamed.check, renamed.verdict, renamed.value) == ("renamed_column", "ok", 0.015)
    assert (document.check, document.subject) == ("document", "requests")


def test_refusals_for_who_asks_say_nothing_of_the_data() -> None:
    [finding] = look({"answered": 10, "refused:denied": 500, "refused:busy": 500})
    assert (finding.verdict, finding.value) == ("ok", 0.0)


def test_a_kind_of_fault_of_a_newer_hythe_is_told_by_its_name() -> None:
    _, finding = look({"refused:invalid": 900}, {"astrology:sex": 900})
    assert finding.check == "astrology"
    assert "astrology" in finding.message


def test_a_period_whose_requests_were_all_refused_alarms_though_no_rows_came() -> None:
    known = birds()
    window = Window(
        "e", "1.0.0", 0, 3600, requests={"refused:invalid": 500}, faults={"missing_column:sex": 500}
    )
    period = Period(window=window, baseline=known.baseline, schema=known.schema)
    report = examine(period, MonitorPolicy(), 1e-4)
    assert {finding.check for finding in report.alarms} == {"refused", "missing_column"}
    assert any(note.startswith("too_little") for note in report.notes)
    assert not examine(period, MonitorPolicy(), 1e-4, now=-3600.0).findings
