"""Alerts, who is told of them, and what is kept silent: documents with what they are found by.

What an alert is, is nothing to this file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from hythe.base.clock import DAY_S
from hythe.base.errors import NotFound
from hythe.registry.database import Database
from hythe.registry.tables import alert_deliveries, alerts, silences

WAITING, SENT = "waiting", "sent"
"""A delivery that is to be made, and one whose receiver has taken it; in every other state it has ended."""
_DELIVERIES_S = 90 * DAY_S
_MOST = 500
_BEYOND = 2**63
"""Numbers from here on fit no database, and raise there."""


class AlertRecord(msgspec.Struct, frozen=True):
    """A stored alert; `key` is its version and rule, `opened` UTC seconds, `document` JSON.

    `id` is 0 until it is stored.
    """

    id: int
    endpoint: str
    key: str
    state: str
    opened: int
    document: str

    @property
    def said(self) -> dict[str, Any]:
        """What the change log says of it, whatever else it says."""
        return {"id": self.id, "endpoint": self.endpoint, "key": self.key, "state": self.state}


class DeliveryRecord(msgspec.Struct, frozen=True):
    """That one `event` of an alert is to reach one `receiver`, and how far that is.

    `due` is when to try next (UTC seconds), `tries` how many there were; `document` is JSON.
    """

    alert: int
    event: str
    receiver: str
    state: str
    tries: int
    due: int
    document: str


class SilenceRecord(msgspec.Struct, frozen=True):
    """What is not told of an endpoint (`*` for all) until a UTC second; `document` is JSON."""

    id: str
    endpoint: str
    until: int
    document: str

    @property
    def said(self) -> dict[str, Any]:
        """What the change log says of it."""
        return {**msgspec.json.decode(self.document), "id": self.id, "until": self.until}


class Alerts:
    """The alerts of a catalog. They change in an edit: `AlertEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(
        self,
        endpoint: str | None = None,
        states: Collection[str] = (),
        *,
        most: int | None = _MOST,
    ) -> list[AlertRecord]:
        """Give the newest alerts of an endpoint, or of all, in some states, or in all; the newest first.

        None as `most` gives them all.
        """
        query = select(alerts).order_by(alerts.c.id.desc()).limit(most)
        if endpoint is not None:
            query = query.where(alerts.c.endpoint == endpoint)
        if states:
            query = query.where(alerts.c.state.in_(sorted(states)))
        with self._database.reading() as connection:
            return _alerts(connection, query)

    def one(self, alert_id: int) -> AlertRecord:
        """Give one alert; raises NotFound."""
        with self._database.reading() as connection:
            return read_alert(connection, alert_id)

    def deliveries(self, alert_id: int) -> list[DeliveryRecord]:
        """List who was to be told of an alert, and what became of it."""
        own = alert_deliveries.c.alert == alert_id
        order = (alert_deliveries.c.event, alert_deliveries.c.receiver)
        with self._database.reading() as connection:
            return _deliveries(connection, select(alert_deliveries).where(own).order_by(*order))

    def due(self, now: int, *, most: int = _MOST) -> list[DeliveryRecord]:
        """Give up to `most` deliveries that are to be tried by now, those that waited longest first."""
        table = alert_deliveries.c
        query = select(alert_deliveries).where(table.state == WAITING, table.due <= now)
        order = (table.due, table.alert, table.event, table.receiver)
        with self._database.reading() as connection:
            return _deliveries(connection, query.order_by(*order).limit(most))

    def last_sent(self, endpoint: str, receiver: str) -> DeliveryRecord | None:
        """Give what a receiver was sent last of an endpoint's alerts; `due` is when. None for nothing."""
        table = alert_deliveries.c
        own = select(alerts.c.id).where(alerts.c.endpoint == endpoint)
        query = select(alert_deliveries).where(table.receiver == receiver, table.state == SENT)
        query = query.where(table.alert.in_(own)).order_by(table.due.desc()).limit(1)
        with self._database.reading() as connection:
            return next(iter(_deliveries(connection, query)), None)

    def silences(self, endpoint: str | None = None) -> list[SilenceRecord]:
        """List the silences of all endpoints, or those that concern one, the first to end first."""
        with self._database.reading() as connection:
            return read_silences(connection, endpoint)

    def delivery_counts(self) -> dict[str, int]:
        """Count deliveries by their state."""
        query = select(alert_deliveries.c.state, func.count().label("n"))
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(alert_deliveries.c.state))
            return {row.state: row.n for row in rows}

    def keep(self, delivery: DeliveryRecord) -> None:
        """Write down how far a delivery is; one that was taken back meanwhile stays away."""
        own = _key(delivery)
        row = {name: getattr(delivery, name) for name in ("state", "tries", "due", "document")}
        with self._database.writing() as connection:
            connection.execute(alert_deliveries.update().where(own).values(**row))

    def forget(self, now: int) -> int:
        """Remove deliveries that ended long ago, and silences that are over; give how many."""
        table = alert_deliveries.c
        old = (table.state != WAITING) & (table.due < now - _DELIVERIES_S)
        over = silences.c.until < now - DAY_S
        with self._database.reading() as connection:
            n = _count(connection, alert_deliveries, old) + _count(connection, silences, over)
        if n:
            with self._database.writing() as connection:
                connection.execute(alert_deliveries.delete().where(old))
                connection.execute(silences.delete().where(over))
        return n


def read_alert(connection: Connection, alert_id: int) -> AlertRecord:
    """Give one alert; raises NotFound."""
    known = -_BEYOND < alert_id < _BEYOND
    found = _alerts(connection, select(alerts).where(alerts.c.id == alert_id)) if known else []
    if not found:
        raise NotFound(f"there is no alert {alert_id}; see: hythe alerts --all")
    return found[0]


def read_keyed(
    connection: Connection, endpoint: str, prefix: str, states: Collection[str], most: int = _MOST
) -> list[AlertRecord]:
    """Give the newest alerts of an endpoint whose keys begin with `prefix`, the oldest first."""
    own = (alerts.c.endpoint == endpoint) & alerts.c.key.startswith(prefix, autoescape=True)
    query = select(alerts).where(own & alerts.c.state.in_(sorted(states)))
    return _alerts(connection, query.order_by(alerts.c.id.desc()).limit(most))[::-1]


def read_silences(connection: Connection, endpoint: str | None = None) -> list[SilenceRecord]:
    """List the silences of all endpoints, or those that concern one, the first to end first."""
    query = select(silences).order_by(silences.c.until, silences.c.id)
    if endpoint is not None:
        query = query.where(silences.c.endpoint.in_([endpoint, "*"]))
    return [SilenceRecord(**row) for row in connection.execute(query).mappings()]


def _count(connection: Connection, table: Any, which: Any) -> int:
    found: int = connection.execute(select(func.count()).select_from(table).where(which)).scalar_one()
    return found


def _key(delivery: DeliveryRecord) -> Any:
    table = alert_deliveries.c
    return (
        (table.alert == delivery.alert)
        & (table.event == delivery.event)
        & (table.receiver == delivery.receiver)
    )


def _alerts(connection: Connection, query: Select[Any]) -> list[AlertRecord]:
    return [_alert(row) for row in connection.execute(query)]


def _alert(row: Row[Any]) -> AlertRecord:
    return AlertRecord(row.id, row.endpoint, row.key, row.state, row.opened, row.document)


def _deliveries(connection: Connection, query: Select[Any]) -> list[DeliveryRecord]:
    return [DeliveryRecord(**row) for row in connection.execute(query).mappings()]
