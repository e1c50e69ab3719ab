"""Reports of many periods, as what is known of each subject now and how it came to that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hythe.monitor.finding import Finding, Kind, Report, Verdict

SERVICE: frozenset[Kind] = frozenset({"traffic", "errors", "latency"})


class SubjectView(msgspec.Struct, frozen=True, kw_only=True):
    """What one check knows of one subject: its newest finding, and how large the effect was in each period.

    The finding is of the newest period of `period_s` seconds, which began at `start` (UTC); of several
    lengths an alarm of the shortest speaks, else the longest. `trend` has a value for each period of that
    length, the oldest first, None where there was none.
    """

    kind: Kind
    check: str
    subject: str
    verdict: Verdict
    period_s: int
    start: int
    finding: Finding
    trend: tuple[float | None, ...]

    @property
    def matters(self) -> float:
        """How much it matters: its weight times the size of the effect."""
        return self.finding.weight * min(1.0, abs(self.finding.value or 0.0))


def subjects(reports: Sequence[Report]) -> list[SubjectView]:
    """Give each subject of one version's reports, alarms first, then those that matter most.

    Reports are ordered by their start. What only earlier periods told of is not among them.
    """
    lengths = sorted({report.period_s for report in reports})
    rows = {length: [report for report in reports if report.period_s == length] for length in lengths}
    found: dict[tuple[Kind, str, str], SubjectView] = {}
    for length in lengths:
        newest, tested = rows[length][-1], _tested(rows[length])
        for finding in newest.findings:
            key = finding.kind, finding.check, finding.subject
            if finding.kind in SERVICE or (key in found and found[key].verdict == "alarm"):
                continue
            found[key] = SubjectView(
                kind=finding.kind,
                check=finding.check,
                subject=finding.subject,
                verdict=finding.verdict,
                period_s=length,
                start=newest.start,
                finding=finding,
                trend=tuple(each.get(key) for each in tested),
            )
    return sorted(found.values(), key=lambda view: (view.verdict != "alarm", -view.matters, view.subject))


def _tested(reports: Iterable[Report]) -> list[dict[tuple[Kind, str, str], float | None]]:
    return [
        {(finding.kind, finding.check, finding.subject): finding.value for finding in report.findings}
        for report in reports
    ]
