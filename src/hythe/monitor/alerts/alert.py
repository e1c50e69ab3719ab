"""An alert: what stands, since when, and on what evidence."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from hythe.monitor.finding import Finding
from hythe.monitor.rule import Severity

State: TypeAlias = Literal["pending", "firing", "resolved"]
Happened: TypeAlias = Literal["fired", "resolved"]
MOST_DETAILED = 20
"""So many subjects of an alert are kept with all that was found of them."""


class Streak(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many periods of one length, in a row, called for an alert, or gave no sign of it."""

    period_s: int
    bad: int = 0
    clear: int = 0


class Subject(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an alert is about: `feature:tenure`, with the newest findings that called for the alert.

    `since` is where its first period in a row began and `until` where its newest one ended (UTC seconds),
    `finest_s` the shortest period that showed it. One that is `cleared` is over.
    """

    name: str
    since: int
    until: int
    finest_s: int
    streaks: tuple[Streak, ...] = ()
    cleared: bool = False
    findings: tuple[Finding, ...] = ()

    def streak(self, period_s: int) -> Streak:
        """Give what was seen over periods of one length."""
        return next((one for one in self.streaks if one.period_s == period_s), Streak(period_s))


class Acknowledged(msgspec.Struct, frozen=True):
    """Somebody looks after an alert: who, since when (UTC seconds), and what they say."""

    by: str
    at: int
    note: str = ""


class Alert(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One cause of concern: what a rule found of one version, from when it began until it was over.

    `id` is 0 until it is stored. It is `pending` while its periods in a row are too few for the rule's
    `for_periods`. `opened` and `resolved_at` are when it fired and was over (UTC seconds). `taken` is the
    start of the newest period of each length that was looked at. Whether somebody looks after it
    (`acknowledged`) changes nothing of its state.
    """

    endpoint: str
    version: str
    rule: str
    severity: Severity
    id: int = 0
    state: State = "pending"
    opened: int = 0
    resolved_at: int = 0
    reason: str = ""
    runbook: str = ""
    subjects: tuple[Subject, ...] = ()
    taken: dict[int, int] = {}
    acknowledged: Acknowledged | None = None

    @property
    def began(self) -> int:
        """The start of the first period that called for it (UTC seconds)."""
        return min((subject.since for subject in self.subjects), default=self.opened)

    @property
    def standing(self) -> tuple[Subject, ...]:
        """The subjects that are not over, those that matter most first."""
        return tuple(subject for subject in self.subjects if not subject.cleared)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The newest findings of all its subjects."""
        return tuple(finding for subject in self.subjects for finding in subject.findings)


def bounded(alert: Alert, most: int = MOST_DETAILED) -> Alert:
    """Leave out what a thousand subjects would fill a row with: beyond `most`, all but the first sentence."""
    whole, others = alert.subjects[:most], alert.subjects[most:]
    brief = (
        msgspec.structs.replace(
            subject, findings=tuple(msgspec.structs.replace(one, details={}) for one in subject.findings[:1])
        )
        for subject in others
    )
    return msgspec.structs.replace(alert, subjects=(*whole, *brief))


class Event(msgspec.Struct, frozen=True):
    """What happened to an alert, which is as it stands then."""

    happened: Happened
    alert: Alert
