"""One subject from period to period: how long it was bad, and how long without a sign."""

from __future__ import annotations

from msgspec.structs import replace

from hythe.monitor.alerts.alert import Streak, Subject
from hythe.monitor.alerts.signs import Sign
from hythe.monitor.finding import Finding, Report

_MOST_FINDINGS = 8
"""Of one subject; more checks than that say the same."""


def begin(name: str, report: Report, findings: tuple[Finding, ...]) -> Subject:
    """Take up a subject that a report calls bad."""
    return Subject(
        name=name,
        since=report.start,
        until=report.start + report.period_s,
        finest_s=report.period_s,
        streaks=(Streak(report.period_s, bad=1),),
        findings=findings[:_MOST_FINDINGS],
    )


def follow(
    subject: Subject, sign: Sign, report: Report, findings: tuple[Finding, ...], clear_periods: int
) -> Subject:
    """Give a subject as it stands after one more period.

    It is cleared by `clear_periods` in a row without a sign, of the shortest length that showed it or of a
    longer one. A longer period that saw the same trouble, and is told when shorter ones have seen it go, is
    no news.
    """
    if sign == "unknown":
        return subject
    overlaps = report.start < subject.until
    if sign == "bad":
        return subject if overlaps and _going(subject) else _worse(subject, report, findings)
    if sign == "clear" and overlaps and report.period_s > subject.finest_s:
        return subject
    streak = subject.streak(report.period_s)
    clear = streak.clear + 1 if sign == "clear" else 0
    followed = _with(subject, Streak(report.period_s, clear=clear))
    done = clear >= clear_periods and report.period_s >= subject.finest_s
    return replace(followed, cleared=True) if done else followed


def _going(subject: Subject) -> bool:
    return subject.cleared or any(one.clear for one in subject.streaks)


def _worse(subject: Subject, report: Report, findings: tuple[Finding, ...]) -> Subject:
    bad = subject.streak(report.period_s).bad + 1
    others = (Streak(one.period_s, one.bad) for one in subject.streaks if one.period_s != report.period_s)
    return replace(
        subject,
        until=max(subject.until, report.start + report.period_s),
        finest_s=min(subject.finest_s, report.period_s),
        streaks=tuple(sorted((*others, Streak(report.period_s, bad)), key=_length)),
        cleared=False,
        findings=findings[:_MOST_FINDINGS],
    )


def _with(subject: Subject, streak: Streak) -> Subject:
    others = (one for one in subject.streaks if one.period_s != streak.period_s)
    return replace(subject, streaks=tuple(sorted((*others, streak), key=_length)))


def _length(streak: Streak) -> int:
    return streak.period_s
