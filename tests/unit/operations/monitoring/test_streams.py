"""A loss that grew by little is found by adding periods up, once, and is told with when that began."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from hythe.base.errors import Corrupt
from hythe.monitor.finding import Finding, Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.stored import record_of
from hythe.operations.monitoring.streams import LEARNED, Streams
from hythe.registry.registry import Registry
from hythe.registry.reports import ReportRecord

HOUR = 3600
START = 1_767_571_200
POLICY = MonitorPolicy(false_alarms=20.0)


def report(place: int, loss: float | None, score: float | None = None, period_s: int = HOUR) -> Report:
    found = []
    if loss is not None:
        for check, value in (("accuracy", 0.9), ("log_loss", loss)):
            found.append(
                Finding(
                    kind="performance", check=check, subject="answers", verdict="ok", message="-", value=value
                )
            )
    if score is not None:
        found.append(
            Finding(
                kind="drift", check="distribution", subject="output:probabilities[yes]", verdict="ok",
                message="-", details={"mean": score, "p_values": {"wasserstein": 0.4}},
            )
        )  # fmt: skip
    return Report(
        endpoint="scoring", version="1.0.0", start=START + place * period_s, period_s=period_s, rows=100,
        alpha=1e-4, findings=tuple(found),
    )  # fmt: skip


@pytest.fixture
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry.open(tmp_path_factory.mktemp("home"))


def store(registry: Registry, reports: Iterable[Report]) -> None:
    with registry.catalog.edit(actor="monitor", why="a test") as tx:
        for each in reports:
            tx.put_report(record_of(each))


def losses(hours: int) -> list[float]:
    rng = np.random.default_rng(3)
    found = 0.3 + 0.02 * rng.normal(size=hours)
    found[400:] += 0.03
    return [float(loss) for loss in found]


def test_a_loss_that_grew_alarms_in_one_period_and_its_report_says_when_it_began(registry: Registry) -> None:
    reports = [report(hour, loss) for hour, loss in enumerate(losses(460))]
    store(registry, reports[:390])
    streams = Streams(registry.catalog.reports)
    alarms = [
        finding
        for each in reports[390:]
        for finding in streams.findings(each, POLICY)
        if finding.verdict == "alarm"
    ]
    assert [finding.check for finding in alarms].count("page_hinkley") == 1
    [found] = [finding for finding in alarms if finding.check == "page_hinkley"]
    assert (found.subject, found.kind) == ("loss:log_loss", "performance")
    assert found.details["before"] == pytest.approx(0.30, abs=0.01)
    assert found.details["now"] == pytest.approx(0.33, abs=0.025)
    assert found.details["began"].startswith("2026-01-21")


def test_one_who_reads_the_reports_later_finds_the_same(registry: Registry) -> None:
    reports = [report(hour, loss) for hour, loss in enumerate(losses(430))]
    store(registry, reports[:390])
    kept = Streams(registry.catalog.reports)
    along = [kept.findings(each, POLICY) for each in reports[390:]]
    store(registry, reports[390:])
    assert [Streams(registry.catalog.reports).findings(each, POLICY) for each in reports[390:]] == along


def test_a_process_that_runs_for_years_watches_what_one_just_begun_does(registry: Registry) -> None:
    a_day, policy = 4, MonitorPolicy(false_alarms=20.0, periods_s=(6 * HOUR,))
    reports = [report(place, loss, period_s=6 * HOUR) for place, loss in enumerate(losses(100 * a_day))]
    kept = Streams(registry.catalog.reports)
    for each in reports[: 91 * a_day]:
        kept.findings(each, policy)
    store(registry, reports)
    watched = kept.findings(reports[91 * a_day], policy)
    assert watched
    assert watched == Streams(registry.catalog.reports).findings(reports[91 * a_day], policy)


def test_scores_are_watched_beside_losses(registry: Registry) -> None:
    rng = np.random.default_rng(4)
    scores = 0.5 + 0.01 * rng.normal(size=LEARNED + 50)
    reports = [report(hour, None, score) for hour, score in enumerate(scores.tolist())]
    store(registry, reports[:-1])
    found = Streams(registry.catalog.reports).findings(reports[-1], POLICY)
    assert {(each.subject, each.kind, each.verdict) for each in found} == {
        ("score:probabilities[yes]", "drift", "ok")
    }


def test_nothing_is_said_while_it_is_learned_how_a_stream_varies_nor_of_longer_periods(
    registry: Registry,
) -> None:
    reports = [report(hour, loss) for hour, loss in enumerate(losses(LEARNED))]
    store(registry, reports[:-1])
    streams = Streams(registry.catalog.reports)
    assert streams.findings(reports[-1], POLICY) == []
    assert streams.findings(report(500, 0.3), MonitorPolicy(periods_s=(60, HOUR))) == []


def test_a_report_that_cannot_be_read_is_corrupt(registry: Registry) -> None:
    with registry.catalog.edit(actor="monitor", why="a test") as tx:
        tx.put_report(ReportRecord("scoring", "1.0.0", HOUR, START, b"{"))
    with pytest.raises(Corrupt, match="cannot be read"):
        Streams(registry.catalog.reports).findings(report(1, 0.3), POLICY)
