"""The cool-down of a retraining trigger: one start, and then none for a while."""

from __future__ import annotations

from hythe.monitor.alerts.alert import Alert
from hythe.monitor.retrain import Retrain
from hythe.operations.alerts.due import Now, Over
from hythe.operations.alerts.message import time_of
from hythe.operations.alerts.receivers import Receiver
from hythe.registry.alerts import DeliveryRecord
from hythe.registry.catalog import Catalog


def look(catalog: Catalog, record: DeliveryRecord, alert: Alert, receiver: Receiver, now: int) -> Now | Over:
    """Say whether a delivery is to be made; only a trigger that started lately is not."""
    if not isinstance(receiver, Retrain):
        return Now()
    last = catalog.alerts.last_sent(alert.endpoint, record.receiver)
    if last is None or now - last.due >= receiver.cool_down_s:
        return Now()
    return Over("cooling", f"alert {last.alert} started it at {time_of(last.due)}")
