"""Who is told of alerts: each receiver by a key that the catalog may keep, and that tells no secret."""

from __future__ import annotations

import hashlib
from typing import TypeAlias
from urllib.parse import urlsplit

from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert, Happened
from hythe.monitor.delivery import Delivery
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain

Receiver: TypeAlias = Delivery | Retrain
_DIGITS = 12


def receivers_of(policy: MonitorPolicy) -> dict[str, Receiver]:
    """Give who a policy tells of alerts, by key."""
    receivers: tuple[Receiver, ...] = (*policy.deliver, *policy.retrain)
    return {key_of(receiver): receiver for receiver in receivers}


def key_of(receiver: Receiver) -> str:
    """Give a key that stands while the receiver's settings do: `webhook:0c2a…`.

    URLs of webhooks may be secrets, so that the key is a digest.
    """
    kind = receiver.to if isinstance(receiver, Delivery) else "retrain"
    return f"{kind}:{hashlib.sha256(canonical(receiver)).hexdigest()[:_DIGITS]}"


def label_of(receiver: Receiver) -> str:
    """Name a receiver for people, without what may be secret: the host of a URL, the program of a command.

    >>> label_of(Delivery(to="webhook", url="https://ana:pw@hooks.example.com/T0/secret"))
    'webhook hooks.example.com'
    """
    if isinstance(receiver, Retrain):
        return f"retraining on {receiver.on}"
    if receiver.to == "command":
        return f"command {receiver.command[0]}"
    parts = urlsplit(receiver.url)
    host = parts.hostname or ""
    return f"{receiver.to} {host}:{parts.port}" if parts.port else f"{receiver.to} {host}"


def wants(receiver: Receiver, alert: Alert, happened: Happened) -> bool:
    """Say whether a receiver is told of an event that begins something; what it was told of, it hears end."""
    if isinstance(receiver, Retrain):
        return happened == "fired" and receiver.on == alert.rule
    return not receiver.severities or alert.severity in receiver.severities
