"""What a receiver is told of an alert: the same document for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from hythe.base.clock import rfc3339
from hythe.monitor.alerts.alert import Alert, Subject
from hythe.monitor.alerts.words import title
from hythe.monitor.finding import Finding

MOST_SUBJECTS = 20
"""A message stays below the 20 kB that Standard Webhooks recommends."""


class ToldSubject(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of an alert, with the sentences that were found of it."""

    name: str
    since: str
    cleared: bool
    found: tuple[str, ...]
    value: float | None
    unit: str
    p_value: float | None
    weight: float


class ToldAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as receivers see it. Times are RFC 3339; `more` counts the subjects that are left out."""

    alert: int
    title: str
    state: str
    endpoint: str
    version: str
    rule: str
    severity: str
    began: str
    opened: str
    resolved: str
    reason: str
    acknowledged: str
    runbook: str
    subjects: tuple[ToldSubject, ...]
    more: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook, as Standard Webhooks has it: what happened, when, and to what."""

    type: str
    timestamp: str
    data: ToldAlert


def message_of(alert: Alert, event: str) -> Message:
    """Write down what happened to an alert: `fired` or `resolved`."""
    at = alert.opened if event == "fired" else alert.resolved_at
    return Message(type=f"alert.{event}", timestamp=time_of(at), data=told(alert))


def told(alert: Alert) -> ToldAlert:
    """Write down an alert for receivers."""
    return ToldAlert(
        alert=alert.id,
        title=title(alert),
        state=alert.state,
        endpoint=alert.endpoint,
        version=alert.version,
        rule=alert.rule,
        severity=alert.severity,
        began=time_of(alert.began),
        opened=time_of(alert.opened),
        resolved=time_of(alert.resolved_at),
        reason=alert.reason,
        acknowledged=alert.acknowledged.by if alert.acknowledged else "",
        runbook=runbook_of(alert),
        subjects=tuple(_subject(one) for one in alert.subjects[:MOST_SUBJECTS]),
        more=max(0, len(alert.subjects) - MOST_SUBJECTS),
    )


def runbook_of(alert: Alert) -> str:
    """Name the runbook: the rule's own URL, else the command that prints the one made for this alert."""
    return alert.runbook or f"hythe alerts runbook {alert.id}"


def time_of(at: int) -> str:
    """Write a UTC second as RFC 3339; "" for 0, which is never.

    >>> time_of(1_700_000_000)
    '2023-11-14T22:13:20.000Z'
    """
    return rfc3339(datetime.fromtimestamp(at, UTC)) if at else ""


def _subject(subject: Subject) -> ToldSubject:
    first: dict[str, Any] = _figures(subject.findings[0]) if subject.findings else _NOTHING
    return ToldSubject(
        name=subject.name,
        since=time_of(subject.since),
        cleared=subject.cleared,
        found=tuple(finding.message for finding in subject.findings),
        **first,
    )


def _figures(finding: Finding) -> dict[str, Any]:
    return {
        "value": finding.value,
        "unit": finding.unit,
        "p_value": finding.p_value,
        "weight": finding.weight,
    }


_NOTHING: dict[str, Any] = {"value": None, "unit": "", "p_value": None, "weight": 1.0}
