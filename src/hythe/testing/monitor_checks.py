"""What every catalog promises of monitoring: settings and reports. Named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Thread

import msgspec
import pytest

from hythe.base.errors import Conflict, Corrupt, Invalid
from hythe.registry.catalog import Catalog
from hythe.registry.reports import Learned, PeriodKey, ReportRecord
from hythe.registry.tables import monitors, reports
from hythe.registry.windows import Delivery, WindowRecord
from hythe.testing.catalog_checks import ONE, TWO, Check, Open

HOUR = 3600
REPORT = ReportRecord("scoring", "1.0.0", HOUR, 7 * HOUR, b'{"findings": []}')


def settings_are_counted_and_logged(opened: Open) -> None:
    """Give the document back as it was put; the log tells who changed it, from what to what, and why."""
    catalog = opened()
    assert (catalog.monitor("scoring"), catalog.monitors()) == (None, [])
    with catalog.edit(actor="ana", why="quieter") as tx:
        assert tx.put_monitor("scoring", {"false_alarms": 0.5}) == 1
    with catalog.edit(actor="bo") as tx:
        assert tx.put_monitor("scoring", {"false_alarms": 2.0}, expected_revision=1) == 2
    found = opened().monitor("scoring")
    assert found is not None
    assert (found.document, found.revision, found.by) == ({"false_alarms": 2.0}, 2, "bo")
    first, second = catalog.history("monitor/scoring")
    assert (first.actor, first.why, first.before, first.after) == (
        "ana", "quieter", None, {"false_alarms": 0.5},
    )  # fmt: skip
    assert (second.action, second.before) == ("put monitor", {"false_alarms": 0.5})
    assert catalog.faults() == []


def settings_changed_meanwhile_are_a_conflict(opened: Open) -> None:
    """Whoever saw earlier ones has to look again; a name that is none is refused."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_monitor("scoring", {})
    for expected in (0, 2):
        with pytest.raises(Conflict, match=f"revision 1, not {expected}"), catalog.edit(actor="bo") as tx:
            tx.put_monitor("scoring", {"false_alarms": 9}, expected_revision=expected)
    with pytest.raises(Invalid), catalog.edit(actor="bo") as tx:
        tx.put_monitor("no name", {})
    assert [record.document for record in catalog.monitors()] == [{}]


def settings_changed_behind_the_log_are_found(opened: Open) -> None:
    """Whoever silences an endpoint in its row is found by `fsck`."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_monitor("scoring", {})
        tx._run(monitors.update().values(document='{"ignore": ["drift"]}'))  # noqa: SLF001 - an intruder
    assert ["scoring" in fault for fault in catalog.faults()] == [True]


def a_report_is_stored_once(opened: Open) -> None:
    """Leave a second one of the same period out, whatever it says; of other periods it is not."""
    catalog = opened()
    _put(catalog, REPORT)
    with catalog.edit(actor="monitor") as tx:
        assert not tx.put_report(msgspec.structs.replace(REPORT, document=b"{}"))
        assert tx.put_report(msgspec.structs.replace(REPORT, period_s=86400, start=0))
    assert opened().reports.read("scoring", period_s=HOUR) == [REPORT]
    assert [report.period_s for report in catalog.reports.read("scoring")] == [86400, HOUR]
    assert catalog.history() == []


def of_two_monitors_that_store_one_period_one_does(opened: Open) -> None:
    """Both looked at once; one report stands, and one of them knows that it is not its own."""
    catalog = opened()
    start, stored = Barrier(2), list[bool]()

    def store(document: bytes) -> None:
        own = opened()
        start.wait(timeout=30)
        with own.edit(actor="monitor") as tx:
            stored.append(tx.put_report(msgspec.structs.replace(REPORT, document=document)))

    threads = [Thread(target=store, args=(document,)) for document in (b"1", b"2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(stored) == [False, True]
    assert len(catalog.reports.read("scoring")) == 1


def reports_are_found_by_endpoint_version_length_and_time(opened: Open) -> None:
    """In the order of their starts; of the newest, as many as are wanted."""
    versions = [msgspec.structs.replace(REPORT, version=version) for version in ("1.0.0", "1.1.0")]
    starts = [msgspec.structs.replace(each, start=at * HOUR) for at in (3, 1, 2) for each in versions]
    _put(opened(), *starts, msgspec.structs.replace(REPORT, endpoint="other"))
    reports_ = opened().reports
    assert [report.start // HOUR for report in reports_.read("scoring", "1.1.0")] == [1, 2, 3]
    assert len(reports_.read("scoring")) == 6
    assert [report.start // HOUR for report in reports_.read("scoring", "1.0.0", newest=2)] == [2, 3]
    between = reports_.read("scoring", "1.0.0", since=2 * HOUR, until=3 * HOUR)
    assert [report.start // HOUR for report in between] == [2]
    assert reports_.read("scoring", period_s=86400) == []


def old_reports_are_forgotten(opened: Open) -> None:
    """Remove those of periods of that length that ended by then, and no others."""
    hours = [msgspec.structs.replace(REPORT, start=at * HOUR) for at in (1, 2, 3)]
    _put(opened(), *hours, msgspec.structs.replace(REPORT, period_s=60, start=HOUR))
    reports_ = opened().reports
    assert reports_.lengths() == [60, HOUR]
    assert reports_.forget(HOUR, 3 * HOUR) == 2
    assert reports_.forget(HOUR, 3 * HOUR) == 0
    assert [(report.period_s, report.start) for report in reports_.read("scoring")] == [
        (60, HOUR), (HOUR, 3 * HOUR),
    ]  # fmt: skip


def periods_with_windows_and_without_a_report_are_due(opened: Open) -> None:
    """Give the earliest first, without those that have a report, and without windows longer than a period."""
    catalog = opened()
    _observed(catalog, (0, 60), (60, 60), (HOUR, 1), (2 * HOUR + 5, 1), (3 * HOUR, 1), (4 * HOUR, 86400))
    _observed(catalog, (HOUR, 1), version="1.1.0")
    _put(catalog, msgspec.structs.replace(REPORT, start=0))

    def due(since: int = 0, until: int = 3 * HOUR, most: int = 10) -> list[PeriodKey]:
        return catalog.reports.due("scoring", HOUR, since=since, until=until, most=most)

    assert due() == [(HOUR, "1.0.0"), (HOUR, "1.1.0"), (2 * HOUR, "1.0.0")]
    assert due(most=1) == [(HOUR, "1.0.0")]
    assert due(since=2 * HOUR) == [(2 * HOUR, "1.0.0")]
    assert due(since=4 * HOUR, until=9 * HOUR) == []
    assert catalog.reports.due("other", HOUR, since=0, until=9 * HOUR, most=9) == []


def a_report_that_cannot_be_read_is_found(opened: Open) -> None:
    """By whoever reads it, and by `fsck`."""
    catalog = opened()
    with catalog.edit(actor="ana") as tx:
        tx.put_report(REPORT)
        tx._run(reports.update().values(document=b"spoilt"))  # noqa: SLF001 - a disk's fault
    with pytest.raises(Corrupt, match="the report of scoring"):
        catalog.reports.read("scoring")
    assert ["the report of scoring 1.0.0" in fault for fault in catalog.faults()] == [True]


def what_was_learned_is_kept_of_each_version_once(opened: Open) -> None:
    """By the bundle's digest and the length of the period."""
    catalog = opened()
    known = Learned("scoring", ONE, HOUR, b'{"windows": 24}')
    with catalog.edit(actor="monitor") as tx:
        assert tx.put_learned(known)
        assert not tx.put_learned(msgspec.structs.replace(known, document=b"{}"))
    assert opened().reports.learned("scoring", ONE, HOUR) == known
    for other in (("other", ONE, HOUR), ("scoring", TWO, HOUR), ("scoring", ONE, 86400)):
        assert catalog.reports.learned(*other) is None


def _put(catalog: Catalog, *found: ReportRecord) -> None:
    with catalog.edit(actor="monitor") as tx:
        for each in found:
            assert tx.put_report(each)


def _observed(catalog: Catalog, *spans: tuple[int, int], version: str = "1.0.0") -> None:
    found = tuple(WindowRecord("scoring", version, start, period_s, b"{}") for start, period_s in spans)
    catalog.observations.store(Delivery(f"server of {version}", 1, 10, {}, found))


CHECKS: Sequence[Check] = (
    settings_are_counted_and_logged,
    settings_changed_meanwhile_are_a_conflict,
    settings_changed_behind_the_log_are_found,
    a_report_is_stored_once,
    of_two_monitors_that_store_one_period_one_does,
    reports_are_found_by_endpoint_version_length_and_time,
    old_reports_are_forgotten,
    periods_with_windows_and_without_a_report_are_due,
    a_report_that_cannot_be_read_is_found,
    what_was_learned_is_kept_of_each_version_once,
)
