"""What `hythe drift` says on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hythe.base.clock import minute_of
from hythe.cli.common import say, table

if TYPE_CHECKING:
    from hythe.monitor.finding import Finding, Report
    from hythe.operations.drift.drift import Drifted

_SHOWN, _LEAST_SHOWN = 15, 3


def tell(found: Drifted, page: Path | None = None) -> None:
    """Say what was found: of one period every finding that matters, of several what alarmed in each."""
    several = len(found.reports) > 1
    marks = {"alarm": "ALARM", "ok": "note", "too_little": "note"}
    say(f"{found.version} on {found.data}: {found.rows:,} rows" + _periods(found))
    if found.told:
        say("", *(f"{marks[each.verdict]}  {each.message}" for each in found.told))
    if several:
        _tell_periods(found.reports)
    for report in [report for report in found.reports if report.alarms or not several]:
        say("", *([_when(report)] if several else []))
        _tell_findings(report)
    notes = dict.fromkeys((*found.notes, *(note for report in found.reports for note in report.notes)))
    if notes:
        say("", *(f"note: {note}" for note in notes))
    say("", _verdict(found))
    if page is not None:
        say(f"plots: {page}")


def _periods(found: Drifted) -> str:
    return f" in {len(found.reports):,} periods" if len(found.reports) > 1 else ""


def _verdict(found: Drifted) -> str:
    periods = sum(1 for report in found.reports if report.alarms)
    if not any(report.findings for report in found.reports):
        return "nothing could be tested"
    rate = f"where nothing drifts, at most {found.false_alarms:g} periods alarm on average"
    if not found.alarms:
        return f"no alarm ({rate})"
    where = f" in {periods:,} of {len(found.reports):,} periods" if len(found.reports) > 1 else ""
    return f"{found.alarms:,} {'alarm' if found.alarms == 1 else 'alarms'}{where} ({rate})"


def _tell_periods(reports: Sequence[Report]) -> None:
    say("")
    table(
        ["period", "rows", "alarms", "first of them"],
        [
            [_when(report), f"{report.rows:,}", str(len(report.alarms) or "-"), _first(report)]
            for report in reports
        ],
    )


def _first(report: Report) -> str:
    if report.alarms:
        finding = report.alarms[0]
        return f"{finding.subject}: {finding.check}"
    return "" if report.findings else "not tested"


def _tell_findings(report: Report) -> None:
    """Show the alarms, then what came closest, as a table; and say of each alarm what it means."""
    rest = sorted([each for each in report.findings if each.verdict != "alarm"], key=_urgency)
    shown = [*report.alarms, *rest[: max(_SHOWN - len(report.alarms), _LEAST_SHOWN)]]
    if not shown:
        say("there are no findings")
        return
    table(
        ["", "subject", "check", "effect", "p-value", "weight"],
        [
            [
                "ALARM" if finding.verdict == "alarm" else "",
                finding.subject,
                finding.check,
                _effect(finding),
                "-" if finding.p_value is None else f"{finding.p_value:.2g}",
                f"{finding.weight:.2f}",
            ]
            for finding in shown
        ],
    )
    if left := len(report.findings) - len(shown):
        say(f"and {left:,} more without an alarm")
    if report.alarms:
        say("", *(f"{finding.subject}: {finding.message}" for finding in report.alarms))


def _urgency(finding: Finding) -> float:
    return 1.0 if finding.p_value is None else finding.p_value


def _effect(finding: Finding) -> str:
    return "-" if finding.value is None else f"{finding.value:.4g} {finding.unit}".rstrip()


def _when(report: Report) -> str:
    return minute_of(report.start)
