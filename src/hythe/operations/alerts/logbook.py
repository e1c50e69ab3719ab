"""Alerts in the log, in the field names of ECS (Elastic Common Schema 8.11)."""

from __future__ import annotations

from hythe.monitor.alerts.alert import Alert
from hythe.monitor.alerts.words import title
from hythe.operations.alerts.message import MOST_SUBJECTS, runbook_of, time_of
from hythe.runtime.log import Log

_LOG = Log("hythe.alerts")
_SEVERITY = {"info": 3, "warning": 5, "critical": 8}


def write(alert: Alert, event: str, message: str) -> None:
    """Write one line of what happened to an alert; `message` is the id that other receivers see, too."""
    line = _LOG.error if alert.severity == "critical" and event == "fired" else _LOG.warning
    if event == "resolved":
        line = _LOG.info
    fields = {
        "event.kind": "alert",
        "event.action": f"alert-{event}",
        "event.id": message,
        "event.severity": _SEVERITY[alert.severity],
        "event.start": time_of(alert.began),
        "event.end": time_of(alert.resolved_at),
        "event.reason": alert.reason,
        "event.reference": runbook_of(alert),
        "rule.name": alert.rule,
        "hythe.endpoint": alert.endpoint,
        "hythe.version": alert.version,
        "hythe.alert": alert.id,
        "hythe.subjects": [subject.name for subject in alert.subjects[:MOST_SUBJECTS]],
        "hythe.evidence": [finding.message for finding in alert.findings[:MOST_SUBJECTS]],
    }
    known = {name: value for name, value in fields.items() if value not in ("", [])}
    line(f"alert {alert.id} {event}: {title(alert)}", **known)
