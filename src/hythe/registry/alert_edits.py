"""What an edit may do to alerts: each change of an alert's state with its entry in the change log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import select

from hythe.base.errors import Conflict, NotFound
from hythe.registry.alerts import (
    WAITING,
    AlertRecord,
    DeliveryRecord,
    SilenceRecord,
    read_alert,
    read_keyed,
    read_silences,
)
from hythe.registry.logged import Logged
from hythe.registry.outcomes import insert_new
from hythe.registry.tables import alert_deliveries, alerts, silences


class AlertEdits(Logged):
    """What an edit may do to alerts."""

    def alert(self, alert_id: int) -> AlertRecord:
        """Give one alert as it stands in this edit; raises NotFound."""
        return read_alert(self._connection, alert_id)

    def alerts_of(
        self, endpoint: str, key_prefix: str, states: Collection[str], most: int = 500
    ) -> list[AlertRecord]:
        """Give the newest alerts of an endpoint whose keys begin so, in these states, the oldest first."""
        return read_keyed(self._connection, endpoint, key_prefix, states, most)

    def put_alert(
        self, record: AlertRecord, did: str = "", said: Mapping[str, Any] | None = None
    ) -> AlertRecord:
        """Store an alert, a new one where its id is 0, and give it with its id.

        `did` is what the log says was done to it (`fired`, `acknowledged`), and `said` what else; without
        it, only more is known of the alert, and nothing is logged.
        """
        row = msgspec.structs.asdict(record)
        before = None
        if record.id:
            before = self.alert(record.id).said
            self._run(alerts.update().where(alerts.c.id == record.id).values(**row))
        else:
            del row["id"]
            made = self._connection.execute(alerts.insert().values(**row).returning(alerts.c.id))
            record = msgspec.structs.replace(record, id=made.scalar_one())
        if did:
            self._log(f"alert {did}", f"alert/{record.id}", before, {**(said or {}), **record.said})
        return record

    def drop_alert(self, alert_id: int) -> None:
        """Take away an alert that never fired; raises Conflict for another one."""
        known = self.alert(alert_id)
        if known.state != "pending":
            raise Conflict(f"alert {alert_id} is {known.state}; only one that never fired can be dropped")
        self._run(alerts.delete().where(alerts.c.id == alert_id))

    def deliveries_of(self, alert_id: int) -> list[DeliveryRecord]:
        """List the deliveries of an alert."""
        found = self._connection.execute(select(alert_deliveries).where(alert_deliveries.c.alert == alert_id))
        return [DeliveryRecord(**row) for row in found.mappings()]

    def add_deliveries(self, records: Iterable[DeliveryRecord]) -> None:
        """Have receivers told; a delivery that stands already stays as it is."""
        insert_new(self._connection, alert_deliveries, list(records))

    def hasten(self, endpoint: str, now: int) -> None:
        """Have the waiting deliveries of an endpoint's alerts (`*` for all) looked at now."""
        own = select(alerts.c.id)
        if endpoint != "*":
            own = own.where(alerts.c.endpoint == endpoint)
        table = alert_deliveries.c
        waiting = (table.state == WAITING) & (table.due > now) & table.alert.in_(own)
        self._run(alert_deliveries.update().where(waiting).values(due=now))

    def add_silence(self, record: SilenceRecord) -> None:
        """Keep something silent."""
        self._run(silences.insert().values(**msgspec.structs.asdict(record)))
        self._log("silence", f"silence/{record.id}", None, record.said)

    def remove_silence(self, silence_id: str) -> SilenceRecord:
        """End a silence, and give it; raises NotFound."""
        known = {record.id: record for record in read_silences(self._connection)}
        if silence_id not in known:
            raise NotFound(f"there is no silence {silence_id!r}; see: hythe alerts silences")
        self._run(silences.delete().where(silences.c.id == silence_id))
        self._log("unsilence", f"silence/{silence_id}", known[silence_id].said, None)
        return known[silence_id]
