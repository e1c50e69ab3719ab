"""What is known of an endpoint, in sections of words and figures for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hythe.base.clock import minute_of
from hythe.cli.common import in_ms
from hythe.cli.sparkline import sparkline

if TYPE_CHECKING:
    from hythe.monitor.finding import Finding
    from hythe.operations.monitoring.subjects import SubjectView
    from hythe.operations.monitoring.view import MonitorView

_MOST = 12
_MEASURED = frozenset({"performance", "estimate"})
_MARKS = {"alarm": "!", "too_little": "?", "ok": " "}
_PLAIN = 0.1
"""An effect that is worth a full bar, lest chance looks like mountains."""
_SHARES = frozenset({"share", ""})


class Section(NamedTuple):
    """A table with a title, and lines below it; `alarming` are the places of rows that alarm."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    alarming: frozenset[int] = frozenset()
    below: list[str] = []  # noqa: RUF012 - nobody appends to it


def headline(view: MonitorView, since: str) -> str:
    """Say in one line how an endpoint does.

    `scoring: 84,213 requests in the last 1d, 2 alarms, 1 alert`
    """
    total = sum(each.total for each in view.traffic)
    alarms = "nothing alarms" if not view.alarms else f"{view.alarms:,} {_plural(view.alarms, 'alarm')}"
    alerts = f", {len(view.alerts)} {_plural(len(view.alerts), 'alert')}" if view.alerts else ""
    return f"{view.endpoint}: {total:,} requests in the last {since}, {alarms}{alerts}"


def sections(view: MonitorView) -> Iterator[Section]:
    """Give what there is to show, in the order of how soon people want it."""
    if view.traffic:
        yield _traffic(view)
    if view.alerts:
        yield _alerts(view)
    for version, found in view.subjects.items():
        of = f" of {version}" if len(view.subjects) > 1 else ""
        drift = [each for each in found if each.kind == "drift"]
        quality = [each for each in found if each.kind == "quality"]
        measured = sorted((each for each in found if each.kind in _MEASURED), key=_measured_order)
        if drift:
            yield _drift(f"values{of}", drift)
        if quality:
            yield _quality(f"quality{of}", quality)
        if measured:
            yield _measured(f"performance{of}", measured)


def _traffic(view: MonitorView) -> Section:
    rows = [
        [
            each.version or "-",
            _share(view.shares.get(each.version)),
            f"{each.total:,}",
            f"{each.per_second:.3g}",
            f"{each.failed:.2%}",
            in_ms(each.p50_s),
            in_ms(each.p95_s),
            in_ms(each.p99_s),
            f"{each.apart:,}" if each.apart else "-",
            sparkline(each.parts),
        ]
        for each in view.traffic
    ]
    headings = [
        "version", "share", "requests", "a second", "failed", "p50 ms", "p95 ms", "p99 ms", "apart",
        "over time",
    ]  # fmt: skip
    return Section("traffic", headings, rows, below=_service(view))


def _service(view: MonitorView) -> list[str]:
    """Give what alarms of the newest reports on traffic, errors and latency."""
    newest = {(report.version, report.period_s): report for report in view.reports}
    kinds = {"traffic", "errors", "latency"}
    return [
        f"! {report.version}: {finding.message}"
        for report in newest.values()
        for finding in report.alarms
        if finding.kind in kinds
    ]


def _alerts(view: MonitorView) -> Section:
    from hythe.monitor.alerts.words import title

    rows = [
        [
            str(alert.id),
            alert.severity,
            when(alert.opened),
            title(alert),
            alert.acknowledged.by if alert.acknowledged else "-",
        ]
        for alert in view.alerts
    ]
    return Section("alerts", ["id", "severity", "since", "what", "looked after by"], rows)


def _drift(title: str, found: Sequence[SubjectView]) -> Section:
    shown = found[:_MOST]
    rows = [
        [
            _MARKS[each.verdict],
            each.subject,
            each.check,
            value_of(each.finding),
            f"{each.finding.weight:.2f}",
            f"{each.finding.n:,}",
            sparkline(each.trend, top=max(_PLAIN, *(abs(value or 0.0) for value in each.trend))),
        ]
        for each in shown
    ]
    headings = ["", "what", "check", "effect", "weight", "rows", "over time"]
    return Section(title, headings, rows, _alarming(shown), _below(found, len(shown)))


def _quality(title: str, found: Sequence[SubjectView]) -> Section:
    shown = [each for each in found if each.verdict == "alarm"][:_MOST]
    rows = [
        [_MARKS[each.verdict], each.subject, each.check, value_of(each.finding), sparkline(each.trend)]
        for each in shown
    ]
    fine = sum(each.verdict != "alarm" for each in found)
    below = [*_below(shown, len(shown)), f"{fine:,} checks find nothing"]
    headings = ["", "what", "check", "value", "over time"] if rows else []
    return Section(title, headings, rows, _alarming(shown), below)


def _measured(title: str, found: Sequence[SubjectView]) -> Section:
    shown = found[: 2 * _MOST]
    rows = [
        [
            _MARKS[each.verdict],
            each.kind,
            each.check,
            each.subject,
            value_of(each.finding),
            _between(each.finding),
            f"{each.finding.n:,}",
            sparkline(each.trend),
        ]
        for each in shown
    ]
    headings = ["", "known by", "metric", "of", "value", "between", "rows", "over time"]
    return Section(title, headings, rows, _alarming(shown), _below(found, len(shown)))


def _measured_order(each: SubjectView) -> tuple[bool, bool, bool, str, str]:
    """Put alarms first, what is known before what is estimated, and the whole before its segments."""
    segment = each.subject.startswith("segment:")
    return each.verdict != "alarm", each.kind == "estimate", segment, each.subject, each.check


def _alarming(found: Sequence[SubjectView]) -> frozenset[int]:
    return frozenset(place for place, each in enumerate(found) if each.verdict == "alarm")


def _below(found: Sequence[SubjectView], shown: int) -> list[str]:
    said = [f"! {each.finding.message}" for each in found[:shown] if each.verdict == "alarm"]
    more = len(found) - shown
    return [*said, f"and {more:,} more: --json"] if more > 0 else said


def value_of(finding: Finding) -> str:
    """Write a finding's value with its unit."""
    return "-" if finding.value is None else _figure(finding.value, finding.unit)


def when(second: int) -> str:
    """Write a UTC second for people."""
    return minute_of(second)


def _between(finding: Finding) -> str:
    """Write the interval of a value: of 95% where there is one, else that by which it is judged."""
    bounds = [finding.details.get(name) for name in ("low_95", "high_95")]
    if bounds == [None, None]:
        bounds = [finding.low, finding.high]
    if bounds == [None, None]:
        return "-"
    low, high = ("…" if bound is None else _figure(bound, finding.unit) for bound in bounds)
    return f"{low} to {high}"


def _figure(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.2%}"
    if unit == "s":
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g}{'' if unit in _SHARES else ' ' + unit}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.3g}%"


def _plural(n: int, word: str) -> str:
    return word if n == 1 else f"{word}s"
