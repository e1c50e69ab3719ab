"""What can be asked of the catalog; the same questions inside an edit and outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Row, RowMapping, select

from hythe.base.errors import NotFound
from hythe.registry.monitors import MonitorRecord, read_monitors
from hythe.registry.records import (
    AliasRecord,
    Approval,
    KeyRecord,
    LogEntry,
    PlanRecord,
    TrustRecord,
    VersionRecord,
)
from hythe.registry.refs import Ref, parse_ref
from hythe.registry.rollouts import RolloutRecord, read_rollout, read_rollouts
from hythe.registry.tables import alerts, aliases, key_usage, keys, log, models, plans, trust, versions
from hythe.registry.versions import Version
from hythe.security.keys import Permit


class Connects(Protocol):
    """Gives a connection for one question."""

    def __call__(self) -> AbstractContextManager[Connection]:
        """Open the connection, or lend the one of the edit under way."""
        ...


class Reader:
    """Questions to the catalog. Each raises `NotFound` where it names one thing that is not there."""

    def __init__(self, connects: Connects) -> None:
        self._connects = connects

    def models(self) -> list[str]:
        """List the models by name."""
        with self._connects() as connection:
            return list(connection.execute(select(models.c.name).order_by(models.c.name)).scalars())

    def versions(self, name: str) -> list[VersionRecord]:
        """List a model's versions, the newest first (by SemVer); empty for an unknown model."""
        with self._connects() as connection:
            return _versions(connection, name)

    def all_versions(self) -> list[VersionRecord]:
        """List every version of every model."""
        with self._connects() as connection:
            names = connection.execute(select(models.c.name).order_by(models.c.name)).scalars().all()
            return [record for name in names for record in _versions(connection, name)]

    def resolve(self, ref: str | Ref) -> VersionRecord:
        """Find the version that a ref names.

        A name alone means the newest approved version; where none is approved, the newest that is not
        rejected, with a notice.
        """
        wanted = parse_ref(ref) if isinstance(ref, str) else ref
        with self._connects() as connection:
            known = _versions(connection, wanted.name)
        if not known:
            raise NotFound(
                f"model '{wanted.name}' is not in the registry; known models: {_listed(self.models())}"
            )
        if wanted.version is None and wanted.alias is None and wanted.digest is None:
            return _newest(known)
        for record in known:
            named = {"version": record.version, "digest": record.digest}
            if wanted.alias in record.aliases or wanted.version == named["version"]:
                return record
            if wanted.digest == named["digest"]:
                return record
        hint = ", ".join(record.version for record in known)
        alias_hint = _listed(sorted(alias for record in known for alias in record.aliases))
        raise NotFound(
            f"model '{wanted}' is not in the registry; known versions: {hint}; aliases: {alias_hint}"
        )

    def aliases(self, name: str) -> list[AliasRecord]:
        """List a model's aliases."""
        with self._connects() as connection:
            query = select(aliases).where(aliases.c.name == name).order_by(aliases.c.alias)
            return [AliasRecord(**row) for row in connection.execute(query).mappings()]

    def trusted(self, digest: str) -> TrustRecord | None:
        """Tell who trusted a digest, if anyone did."""
        with self._connects() as connection:
            found = connection.execute(select(trust).where(trust.c.digest == digest)).mappings()
            return next((TrustRecord(**row) for row in found), None)

    def all_trusted(self) -> list[TrustRecord]:
        """List every digest whose programs may run here."""
        with self._connects() as connection:
            return [TrustRecord(**row) for row in connection.execute(select(trust)).mappings()]

    def plan(self, endpoint: str) -> PlanRecord:
        """Give the plan of an endpoint."""
        with self._connects() as connection:
            row = connection.execute(select(plans).where(plans.c.endpoint == endpoint)).one_or_none()
        if row is None:
            known = _listed([plan.endpoint for plan in self.plans()])
            raise NotFound(f"endpoint '{endpoint}' has no plan; known endpoints: {known}")
        return _plan(row)

    def plans(self) -> list[PlanRecord]:
        """List the plans of all endpoints."""
        with self._connects() as connection:
            return [_plan(row) for row in connection.execute(select(plans).order_by(plans.c.endpoint))]

    def monitor(self, endpoint: str) -> MonitorRecord | None:
        """Tell how an endpoint is monitored; None where the defaults hold."""
        with self._connects() as connection:
            return next(iter(read_monitors(connection, endpoint)), None)

    def monitors(self) -> list[MonitorRecord]:
        """List the settings of all endpoints that have any."""
        with self._connects() as connection:
            return read_monitors(connection)

    def alert_states(self) -> dict[int, str]:
        """Tell the state of each alert that ever fired, by its number."""
        query = select(alerts.c.id, alerts.c.state).where(alerts.c.state != "pending")
        with self._connects() as connection:
            return {row.id: row.state for row in connection.execute(query)}

    def rollouts(self, endpoint: str | None = None, *, running: bool = False) -> list[RolloutRecord]:
        """List the rollouts of an endpoint, or of all, the oldest first; with `running`, those not ended."""
        with self._connects() as connection:
            return read_rollouts(connection, endpoint, running=running)

    def rollout(self, rollout_id: str) -> RolloutRecord:
        """Give one rollout."""
        with self._connects() as connection:
            return read_rollout(connection, rollout_id)

    def all_keys(self) -> list[KeyRecord]:
        """List the API keys, also those that ended, the oldest first."""
        with self._connects() as connection:
            return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.place)).mappings()]

    def key(self, key_id: str) -> KeyRecord:
        """Give one API key."""
        with self._connects() as connection:
            row = connection.execute(select(keys).where(keys.c.id == key_id)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"there is no key {key_id!r}; see: hythe key list")
        return _key(row)

    def key_usage(self) -> dict[tuple[str, int], int]:
        """Tell how many requests each key made in each of its newest periods, by id and period."""
        with self._connects() as connection:
            return {(row.id, row.period): row.used for row in connection.execute(select(key_usage))}

    def history(self, subject: str | None = None) -> list[LogEntry]:
        """List the changes of a model, digest, `endpoint/NAME`, `monitor/NAME`, `key/ID`, or all."""
        query = select(log).order_by(log.c.seq)
        if subject is not None:
            query = query.where(log.c.subject == subject)
        with self._connects() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def links(self) -> Iterator[tuple[bytes, str]]:
        """Give each log entry's document and link, the oldest first, to check the chain."""
        with self._connects() as connection:
            for row in connection.execute(select(log.c.document, log.c.link).order_by(log.c.seq)):
                yield row.document.encode(), row.link


def _versions(connection: Connection, name: str) -> list[VersionRecord]:
    named: dict[str, list[str]] = {}
    for row in connection.execute(select(aliases).where(aliases.c.name == name).order_by(aliases.c.alias)):
        named.setdefault(row.version, []).append(row.alias)
    rows = connection.execute(select(versions).where(versions.c.name == name))
    records = [_version(row, tuple(named.get(row.version, ()))) for row in rows]
    return sorted(records, key=lambda record: Version.parse(record.version).precedence, reverse=True)


def _version(row: Row[Any], named: tuple[str, ...]) -> VersionRecord:
    return VersionRecord(
        name=row.name,
        version=row.version,
        digest=row.digest,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        approval=msgspec.json.decode(row.approval, type=Approval),
        facts=msgspec.json.decode(row.facts),
        aliases=named,
    )


def _newest(known: list[VersionRecord]) -> VersionRecord:
    approved = next((record for record in known if record.approval.state == "approved"), None)
    if approved is not None:
        return approved
    record = next((record for record in known if record.approval.state == "pending"), known[0])
    return msgspec.structs.replace(
        record,
        notice=f"no version of '{record.name}' is approved; this is the newest, {record.version}"
        f" ({record.approval.state}); approve it with: hythe approve {record.ref}",
    )


def _plan(row: Row[Any]) -> PlanRecord:
    return PlanRecord(row.endpoint, row.revision, msgspec.json.decode(row.document), row.at, row.by)


def _key(row: RowMapping) -> KeyRecord:
    return KeyRecord(**{**row, "permit": msgspec.json.decode(row["permit"], type=Permit)})


def _entry(row: Row[Any]) -> LogEntry:
    return msgspec.convert({**msgspec.json.decode(row.document), "seq": row.seq, "link": row.link}, LogEntry)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none yet"
