"""Alerts as people and programs look at them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hythe.base.clock import Clock, unix_s
from hythe.monitor.alerts.alert import Acknowledged, Alert
from hythe.monitor.alerts.silence import Silence
from hythe.monitor.alerts.words import title
from hythe.monitor.finding import Finding
from hythe.operations.alerts.message import time_of
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.stored import alert_in, silence_in
from hythe.registry.alerts import DeliveryRecord
from hythe.registry.catalog import Catalog


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in a list. Times are RFC 3339, "" for never; `silent_until` is "" where it is told."""

    id: int
    title: str
    state: str
    severity: str
    endpoint: str
    version: str
    rule: str
    began: str
    opened: str
    resolved: str
    reason: str
    silent_until: str
    acknowledged: Acknowledged | None
    subjects: tuple[str, ...]


class SubjectView(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of an alert, with its newest findings."""

    name: str
    since: str
    until: str
    cleared: bool
    findings: tuple[Finding, ...]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """Who was to be told of what, what became of it, and why it was not taken the last time."""

    to: str
    event: str
    state: str
    tries: int
    at: str
    fault: str


class AlertView(AlertLine, frozen=True, kw_only=True):
    """An alert with its evidence, and who was told of it."""

    evidence: tuple[SubjectView, ...]
    deliveries: tuple[DeliveryView, ...]
    runbook: str


class SilenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A silence; `id` ends it."""

    id: str
    endpoint: str
    rule: str
    subject: str
    until: str
    by: str
    note: str


def known(
    catalog: Catalog, endpoint: str | None = None, *, everything: bool = False, clock: Clock | None = None
) -> list[AlertLine]:
    """List the alerts that fire, those that matter most first; with `everything` also others, newest first.

    Raises:
        Corrupt: when one cannot be read.

    """
    now = unix_s(clock)
    records = catalog.alerts.read(endpoint, () if everything else ("firing",))
    silences = [silence_in(record) for record in catalog.alerts.silences(endpoint)]
    alerts = [alert_in(record) for record in records]
    if not everything:
        alerts.sort(key=lambda alert: (_ORDER.index(alert.severity), -alert.opened))
    return [_line(alert, silences, now) for alert in alerts]


def show(catalog: Catalog, alert_id: int, *, clock: Clock | None = None) -> AlertView:
    """Give one alert with its evidence, and who was told of it.

    Raises:
        Corrupt: when it cannot be read.
        NotFound: when there is none.

    """
    alert = alert_in(catalog.alerts.one(alert_id))
    silences = [silence_in(record) for record in catalog.alerts.silences(alert.endpoint)]
    line = _line(alert, silences, unix_s(clock))
    return AlertView(
        **msgspec.structs.asdict(line),
        evidence=tuple(
            SubjectView(
                name=subject.name,
                since=time_of(subject.since),
                until=time_of(subject.until),
                cleared=subject.cleared,
                findings=subject.findings,
            )
            for subject in alert.subjects
        ),
        deliveries=tuple(_delivery(record) for record in catalog.alerts.deliveries(alert_id)),
        runbook=alert.runbook,
    )


def silences(catalog: Catalog, *, clock: Clock | None = None) -> list[SilenceView]:
    """List the silences that are not over, the first to end first."""
    now = unix_s(clock)
    return [
        SilenceView(
            id=record.id,
            endpoint=record.endpoint,
            rule=silence.rule,
            subject=silence.subject,
            until=time_of(record.until),
            by=silence.by,
            note=silence.note,
        )
        for record in catalog.alerts.silences()
        if record.until > now
        for silence in [silence_in(record)]
    ]


_ORDER = ("critical", "warning", "info")


def _line(alert: Alert, silences: Sequence[Silence], now: int) -> AlertLine:
    silent = [silence.until for silence in silences if silence.covers(alert, now)]
    return AlertLine(
        id=alert.id,
        title=title(alert),
        state=alert.state,
        severity=alert.severity,
        endpoint=alert.endpoint,
        version=alert.version,
        rule=alert.rule,
        began=time_of(alert.began),
        opened=time_of(alert.opened),
        resolved=time_of(alert.resolved_at),
        reason=alert.reason,
        silent_until=time_of(max(silent, default=0)),
        acknowledged=alert.acknowledged,
        subjects=tuple(subject.name for subject in alert.standing or alert.subjects),
    )


def _delivery(record: DeliveryRecord) -> DeliveryView:
    outgoing = outgoing_in(record)
    return DeliveryView(
        to=outgoing.to,
        event=record.event,
        state=record.state,
        tries=record.tries,
        at=time_of(outgoing.sent_at),
        fault=outgoing.fault,
    )
