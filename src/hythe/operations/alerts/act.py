"""What people do with alerts: look after one, call it over, keep some silent. Each is in the change log."""

from __future__ import annotations

from msgspec.structs import replace

from hythe.base.clock import Clock, unix_s
from hythe.base.errors import Conflict, Invalid
from hythe.base.ids import uuid7
from hythe.bundle.canonical import canonical
from hythe.monitor.alerts.advance import resolve as resolved
from hythe.monitor.alerts.alert import Acknowledged, Alert
from hythe.monitor.alerts.silence import Silence
from hythe.operations.alerts.stored import alert_in, record_of, silence_in
from hythe.operations.alerts.take import put, said
from hythe.operations.monitoring.policy import policy_in
from hythe.registry.alerts import SilenceRecord
from hythe.registry.catalog import Catalog

_MOST_S = 365 * 86400.0


def acknowledge(
    catalog: Catalog, alert_id: int, *, actor: str, note: str = "", clock: Clock | None = None
) -> Alert:
    """Say that somebody looks after an alert; it stands as before, and nothing new joins it.

    Raises:
        Conflict: when it does not stand.
        NotFound: when there is none.

    """
    with catalog.edit(actor=actor, why=note) as tx:
        standing = _standing(alert_in(tx.alert(alert_id)))
        alert = replace(standing, acknowledged=Acknowledged(actor, unix_s(clock), note))
        tx.put_alert(record_of(alert), "acknowledged", said(alert))
    return alert


def resolve(
    catalog: Catalog, alert_id: int, *, actor: str, note: str = "", clock: Clock | None = None
) -> Alert:
    """Call an alert over, and have receivers told; what is found again in a later period is a new alert.

    Raises:
        Conflict: when it does not stand.
        NotFound: when there is none.

    """
    now = unix_s(clock)
    with catalog.edit(actor=actor, why=note) as tx:
        alert = _standing(alert_in(tx.alert(alert_id)))
        reason = f"resolved by {actor}: {note}" if note else f"resolved by {actor}"
        return put(tx, resolved(alert, now, reason), policy_in(tx.monitor(alert.endpoint)), now).alert


def silence(  # noqa: PLR0913 - the words of one long sentence, each by its name
    catalog: Catalog,
    endpoint: str,
    for_s: float,
    *,
    actor: str,
    rule: str = "*",
    subject: str = "*",
    note: str = "",
    clock: Clock | None = None,
) -> tuple[str, Silence]:
    """Tell nobody of an endpoint's alerts (`*` for all endpoints) for a while; give the silence and its id.

    Raises:
        Invalid: when the time is not more than 0.
        NotFound: when there is no such endpoint.

    """
    if not 0 < for_s <= _MOST_S:
        raise Invalid(f"a silence of {for_s:g} s; give more than 0 and at most 365 days")
    if endpoint != "*" and not catalog.alerts.read(endpoint, most=1):
        catalog.plan(endpoint)
    now = unix_s(clock)
    made = Silence(
        endpoint=endpoint, rule=rule, subject=subject, until=now + round(for_s), by=actor, at=now, note=note
    )
    record = SilenceRecord(str(uuid7()), endpoint, made.until, canonical(made).decode())
    with catalog.edit(actor=actor, why=note) as tx:
        tx.add_silence(record)
    return record.id, made


def unsilence(
    catalog: Catalog, silence_id: str, *, actor: str, note: str = "", clock: Clock | None = None
) -> Silence:
    """End a silence now; what fired meanwhile and still stands is told.

    Raises:
        NotFound: when there is none.

    """
    with catalog.edit(actor=actor, why=note) as tx:
        ended = silence_in(tx.remove_silence(silence_id))
        tx.hasten(ended.endpoint, unix_s(clock))
    return ended


def _standing(alert: Alert) -> Alert:
    if alert.state != "firing":
        raise Conflict(f"alert {alert.id} is {alert.state}; see: hythe alerts")
    return alert
