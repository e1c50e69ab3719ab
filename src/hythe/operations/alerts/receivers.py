"""Who is told of alerts: each receiver by a key that the catalog may keep, and that tells no secret."""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec

from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert, Happened
from hythe.monitor.delivery import Delivery
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain

_DIGITS = 12


class Logbook(msgspec.Struct, frozen=True):
    """The log of whoever delivers: told of every alert, silent or not."""


Receiver: TypeAlias = Delivery | Retrain | Logbook
LOGBOOK = Logbook()


def receivers_of(policy: MonitorPolicy) -> dict[str, Receiver]:
    """Give who a policy tells of alerts, by key; the log always hears of them."""
    receivers: tuple[Receiver, ...] = (LOGBOOK, *policy.deliver, *policy.retrain)
    return {key_of(receiver): receiver for receiver in receivers}


def key_of(receiver: Receiver) -> str:
    """Give a key that stands while what is told does: `webhook:0c2a…`.

    URLs of webhooks may be secrets, so that the key is a digest. Which alerts a receiver wants, and how its
    messages are signed, may change meanwhile.
    """
    if isinstance(receiver, Logbook):
        return "log"
    if isinstance(receiver, Retrain):
        return f"retrain:{_digest([receiver.on, receiver.command])}"
    return f"{receiver.to}:{_digest([receiver.url, receiver.command])}"


def label_of(receiver: Receiver) -> str:
    """Name a receiver for people, without what may be secret: the host of a URL, the program of a command.

    >>> label_of(Delivery(to="webhook", url="https://ana:pw@hooks.example.com/T0/secret"))
    'webhook hooks.example.com'
    """
    if isinstance(receiver, Logbook):
        return "log"
    if isinstance(receiver, Retrain):
        return f"retraining on {receiver.on}"
    if receiver.to == "command":
        return f"command {receiver.command[0]}"
    parts = urlsplit(receiver.url)
    host = parts.hostname or ""
    return f"{receiver.to} {host}:{parts.port}" if parts.port else f"{receiver.to} {host}"


def wants(receiver: Receiver, alert: Alert, happened: Happened) -> bool:
    """Say whether a receiver is told of an event that begins something; what it was told of, it hears end."""
    if isinstance(receiver, Logbook):
        return True
    if isinstance(receiver, Retrain):
        return happened == "fired" and receiver.on == alert.rule
    return not receiver.severities or alert.severity in receiver.severities


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:_DIGITS]
