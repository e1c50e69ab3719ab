"""From reports to alerts: what a report changes is stored, logged and posted in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from hythe.monitor.alerts.advance import advance
from hythe.monitor.alerts.alert import Alert, Event
from hythe.monitor.alerts.defaults import RULES
from hythe.monitor.alerts.words import title
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.outbox import post
from hythe.operations.alerts.stored import alert_in, record_of, version_prefix
from hythe.registry.alert_edits import AlertEdits

_LISTED = 20
_LATELY = 30
"""So many alerts of a version that are over are looked at: a day has seldom more."""


def take(tx: AlertEdits, report: Report, policy: MonitorPolicy, now: int) -> list[Event]:
    """Take a report into the alerts of its endpoint, inside the edit that stores it; give what happened.

    `now` is UTC seconds. Reports of a version and a length of period come in the order of their starts; one
    that comes again, or late, changes nothing.
    """
    known = known_alerts(tx, report.endpoint, report.version)
    done = advance(report, policy.rules or RULES, known, now, _elsewhere(tx, report))
    before = {alert.id: alert for alert in known}
    for at, alert in enumerate(done.alerts):
        if at not in done.happened and before.get(alert.id) != alert:
            keep(tx, alert)
    return [put(tx, event, policy, now) for event in done.events]


def known_alerts(tx: AlertEdits, endpoint: str, version: str) -> list[Alert]:
    """Give the alerts of a version that stand, are pending, or were resolved lately."""
    prefix = version_prefix(version)
    standing = tx.alerts_of(endpoint, prefix, ("pending", "firing"))
    resolved = tx.alerts_of(endpoint, prefix, ("resolved",), most=_LATELY)
    return [alert_in(record) for record in (*resolved, *standing)]


def _elsewhere(tx: AlertEdits, report: Report) -> list[Alert]:
    """Give the alerts that fire for other versions of the endpoint."""
    firing = [alert_in(record) for record in tx.alerts_of(report.endpoint, "", ("firing",))]
    return [alert for alert in firing if alert.version != report.version]


def put(tx: AlertEdits, event: Event, policy: MonitorPolicy, now: int) -> Event:
    """Store an alert to which something happened, log it, and have receivers told; give it with its id."""
    record = tx.put_alert(record_of(event.alert), event.happened, said(event.alert))
    stored = Event(event.happened, replace(event.alert, id=record.id))
    post(tx, stored, policy, now)
    return stored


def keep(tx: AlertEdits, alert: Alert) -> None:
    """Store what more is known of an alert to which nothing happened."""
    if alert.state == "pending" and not alert.subjects:
        if alert.id:
            tx.drop_alert(alert.id)
        return
    tx.put_alert(record_of(alert))


def said(alert: Alert) -> dict[str, Any]:
    """Say what the change log keeps of an alert: what it is about, and on what evidence."""
    return {
        "title": title(alert),
        "severity": alert.severity,
        "reason": alert.reason,
        "subjects": [subject.name for subject in alert.subjects[:_LISTED]],
        "evidence": [finding.message for finding in _first(alert.findings)],
    }


def _first(findings: Iterable[Any]) -> list[Any]:
    return list(findings)[:_LISTED]
