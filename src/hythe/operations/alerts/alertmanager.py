"""Alerts for an Alertmanager, by its API v2 (`POST /api/v2/alerts`).

It takes an alert for over when its `endsAt` has passed, so one that fires is sent again well before.
"""

from __future__ import annotations

from typing import Any

from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert
from hythe.monitor.alerts.words import named, title
from hythe.operations.alerts.http import post
from hythe.operations.alerts.message import runbook_of, time_of

RESEND_S = 60
LIVES_S = 600
"""How long an alert stands there when nobody sends it again: the control plane may be away for so long."""
_PATH = "/api/v2/alerts"
_FOUND = 5


def send(url: str, alert: Alert, now: int, token: str) -> None:
    """Send an alert as it stands; with a token, as its bearer.

    Raises:
        Busy: when the Alertmanager says to come later.
        NotFound: when it is gone for good (410).
        Unavailable: when it did not take the alert.

    """
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    base = url.rstrip("/").removesuffix(_PATH)
    post(f"{base}{_PATH}", canonical([posted(alert, now)]), headers, now)


def posted(alert: Alert, now: int) -> dict[str, Any]:
    """Write an alert as the API's `postableAlert`.

    Its labels are seven, and stay the same while it stands, for they are its identity.
    """
    over = alert.state == "resolved"
    return {
        "labels": {
            "alertname": "Hythe" + "".join(word.capitalize() for word in alert.rule.split()),
            "service": "hythe",
            "endpoint": alert.endpoint,
            "version": alert.version,
            "rule": alert.rule,
            "severity": alert.severity,
            "alert": str(alert.id),
        },
        "annotations": _annotations(alert),
        "startsAt": time_of(alert.opened),
        "endsAt": time_of(alert.resolved_at if over else now + LIVES_S),
    }


def _annotations(alert: Alert) -> dict[str, str]:
    found = [finding.message for finding in alert.findings[:_FOUND]]
    words = {
        "summary": title(alert),
        "description": "\n".join(found),
        "subjects": named(alert.standing or alert.subjects),
        "runbook": runbook_of(alert),
        "runbook_url": alert.runbook,
        "acknowledged": alert.acknowledged.by if alert.acknowledged else "",
    }
    return {name: value for name, value in words.items() if value}
