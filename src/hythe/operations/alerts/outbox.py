"""What is to be told: written down in the transaction that it happened in, and sent later."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hythe.base.errors import Corrupt
from hythe.base.ids import uuid7
from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.alert import Event
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.alerts.receivers import label_of, receivers_of, wants
from hythe.registry.alert_edits import AlertEdits
from hythe.registry.alerts import WAITING, DeliveryRecord


class Outgoing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is kept of a delivery beside how far it is.

    `message` is the id by which a receiver knows it again, `to` the receiver's name for people, `since` when
    it was first to be sent (UTC seconds), `fault` why it was not taken the last time.
    """

    message: str
    to: str
    since: int
    fault: str = ""
    sent_at: int = 0


def post(tx: AlertEdits, event: Event, policy: MonitorPolicy, now: int) -> None:
    """Have receivers told of what happened to an alert, which is stored."""
    if event.happened == "fired":
        tx.add_deliveries(_fired(event, policy, now))
        return
    fired = [each for each in tx.deliveries_of(event.alert.id) if each.event == "fired"]
    told = [each for each in fired if not each.receiver.startswith("retrain:")]
    tx.add_deliveries(_record(event, each.receiver, outgoing_in(each).to, now) for each in told)


def outgoing_in(record: DeliveryRecord) -> Outgoing:
    """Read what is kept of a delivery; raises Corrupt when it cannot be read."""
    try:
        return msgspec.json.decode(record.document, type=Outgoing)
    except msgspec.DecodeError as err:
        raise Corrupt(
            f"the delivery of alert {record.alert} to {record.receiver} cannot be read: {err}; it was "
            "written by a newer Hythe"
        ) from err


def _fired(event: Event, policy: MonitorPolicy, now: int) -> Iterator[DeliveryRecord]:
    for key, receiver in receivers_of(policy).items():
        if wants(receiver, event.alert, event.happened):
            yield _record(event, key, label_of(receiver), now)


def _record(event: Event, receiver: str, to: str, now: int) -> DeliveryRecord:
    outgoing = Outgoing(message=f"msg_{uuid7().hex}", to=to, since=now)
    document = canonical(outgoing).decode()
    return DeliveryRecord(event.alert.id, event.happened, receiver, WAITING, 0, now, document)
