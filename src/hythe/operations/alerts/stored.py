"""Alerts and silences between the catalog, which keeps documents, and those who decide on them."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from hythe.base.errors import Corrupt
from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Alert, bounded
from hythe.monitor.alerts.silence import Silence
from hythe.registry.alerts import AlertRecord, SilenceRecord


def key_of(alert: Alert) -> str:
    """Give what the catalog finds an alert by: its version and its rule."""
    return f"{version_prefix(alert.version)}{alert.rule}"


def version_prefix(version: str) -> str:
    """Give what the keys of all alerts of a version begin with."""
    return f"{version}/"


def record_of(alert: Alert) -> AlertRecord:
    """Make an alert ready for the catalog, bounded; numbers that JSON has no word for become unknown."""
    document = canonical(_finite(msgspec.to_builtins(bounded(alert), str_keys=True))).decode()
    return AlertRecord(alert.id, alert.endpoint, key_of(alert), alert.state, alert.opened, document)


def alert_in(record: AlertRecord) -> Alert:
    """Read a stored alert; raises Corrupt when it cannot be read."""
    try:
        alert = msgspec.json.decode(record.document, type=Alert)
    except msgspec.DecodeError as err:
        raise Corrupt(
            f"alert {record.id} of endpoint '{record.endpoint}' cannot be read: {err}; it was written by a "
            "newer Hythe, or by another program"
        ) from err
    return msgspec.structs.replace(alert, id=record.id)


def silence_in(record: SilenceRecord) -> Silence:
    """Read a stored silence; raises Corrupt when it cannot be read."""
    try:
        return msgspec.json.decode(record.document, type=Silence)
    except msgspec.DecodeError as err:
        raise Corrupt(f"silence {record.id} cannot be read: {err}; it was written by a newer Hythe") from err


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
