"""Whether a delivery that is due is to be made now, later, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from hythe.monitor.alerts.alert import Alert
from hythe.monitor.alerts.silence import Silence
from hythe.monitor.delivery import Delivery
from hythe.monitor.retrain import Retrain
from hythe.operations.alerts.outbox import outgoing_in
from hythe.operations.alerts.receivers import Logbook, Receiver
from hythe.registry.alerts import WAITING, DeliveryRecord

Ended: TypeAlias = Literal["sent", "silenced", "missed", "skipped", "dropped", "cooling", "gone", "given up"]
"""How a delivery may end: taken by its receiver; kept silent until the alert was over; over before it could
be told; of an end whose beginning was never told; to a receiver that the policy does not name any more;
within the cool-down of a trigger; refused for good; not taken for a day."""
GIVE_UP_S = 86400
RETRAIN_TRIES = 5
_FIRST_S, _MOST_S = 5.0, 600.0
_LOOK_AGAIN_S = 60
_AFTER_FIRED_S = 5


class Now(NamedTuple):
    """Make it now."""


class Later(NamedTuple):
    """Look again at a UTC second."""

    due: int


class Over(NamedTuple):
    """It is not made any more."""

    state: Ended
    why: str


def look(
    record: DeliveryRecord,
    alert: Alert,
    receiver: Receiver | None,
    others: Iterable[DeliveryRecord],
    silences: Iterable[Silence],
    now: int,
) -> Now | Later | Over:
    """Say what is to become of a delivery; `others` are all deliveries of its alert."""
    if receiver is None:
        return Over("dropped", "the policy does not name this receiver any more")
    if record.event == "resolved":
        return _end(record, others, now)
    known = isinstance(receiver, Logbook) or outgoing_in(record).sent_at
    if not known and any(silence.covers(alert, now) for silence in silences):
        if alert.state == "firing":
            return Later(now + _LOOK_AGAIN_S)
        return Over("silenced", "it was over before the silence was")
    if _is_state(receiver) and alert.state != "firing":
        return Over("sent" if outgoing_in(record).sent_at else "missed", "")
    return Now()


def after_failure(record: DeliveryRecord, receiver: Receiver, now: int, wait_s: float | None) -> Later | None:
    """Say when to try again after another failed try, which `record` counts; None to give up.

    Waits double from 5 s to 10 minutes, and differ by up to a fifth between messages, so that those that
    failed together do not come back together. `wait_s` is what the receiver asked for.
    """
    outgoing = outgoing_in(record)
    if isinstance(receiver, Retrain) and record.tries >= RETRAIN_TRIES:
        return None
    backoff_s = min(_MOST_S, _FIRST_S * 2.0 ** min(record.tries - 1, 20))
    spread = int(outgoing.message[-4:], 16) / 0xFFFF
    due = now + round(backoff_s * (1 + spread / 5) if wait_s is None else wait_s)
    return Later(max(due, now + 1)) if due < outgoing.since + GIVE_UP_S else None


def _is_state(receiver: Receiver) -> bool:
    """Say whether a receiver wants to hear that an alert fires for as long as it does."""
    return isinstance(receiver, Delivery) and receiver.to == "alertmanager"


def _end(record: DeliveryRecord, others: Iterable[DeliveryRecord], now: int) -> Now | Later | Over:
    """Tell of an end only who was told of the beginning, and only then."""
    fired = [each for each in others if each.event == "fired" and each.receiver == record.receiver]
    if any(outgoing_in(each).sent_at for each in fired):
        return Now()
    if any(each.state == WAITING for each in fired):
        return Later(now + _AFTER_FIRED_S)
    return Over("skipped", "it was never told that this alert fired")
