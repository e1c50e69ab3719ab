"""What was observed of endpoints: windows of counts, and the records that feedback joins.

These are numbers that grow each second, so no entries of the change log. What a window counts is nothing to
this file: it keeps documents by endpoint, version and time.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, func, select, tuple_

from hythe.registry.database import Database
from hythe.registry.differences import DifferenceRecord, keep_worst
from hythe.registry.feedback import FeedbackRecord, look_again, put_feedback
from hythe.registry.outcomes import OutcomeRecord, insert_new, insert_outcomes
from hythe.registry.tables import joins, observers, windows

_IN_ONE_GO = 500


class WindowRecord(msgspec.Struct, frozen=True):
    """A stored window; `document` is its JSON, `start` UTC seconds. `id` is 0 until it is stored.

    `revision` is the plan's, 0 where several were merged.
    """

    endpoint: str
    version: str
    start: int
    period_s: int
    document: bytes
    id: int = 0
    revision: int = 0


class WindowKey(NamedTuple):
    """What no two stored windows share, now or later."""

    id: int
    start: int
    period_s: int


class Stretch(NamedTuple):
    """The windows of a version of an endpoint from second `start` on."""

    start: int
    endpoint: str
    version: str


class JoinRecord(msgspec.Struct, frozen=True):
    """What is kept of an answered request's rows `first` to `first + rows - 1`; `document` is JSON."""

    id: str
    first: int
    rows: int
    at_ns: int
    endpoint: str
    version: str
    document: str
    revision: int = 0


class Delivery(msgspec.Struct, frozen=True):
    """What a server observed since its delivery before this one.

    `positions` say, by ring, up to where all is in this delivery or an earlier one. Each `server` counts its
    deliveries from 1; one that is stored twice counts once.
    """

    server: str
    sequence: int
    at: int
    positions: dict[str, int]
    windows: tuple[WindowRecord, ...] = ()
    joins: tuple[JoinRecord, ...] = ()
    outcomes: tuple[OutcomeRecord, ...] = ()
    differences: tuple[DifferenceRecord, ...] = ()
    feedback: tuple[FeedbackRecord, ...] = ()


class Observed(msgspec.Struct, frozen=True):
    """How far a server's observations are stored; nothing is, at sequence 0."""

    sequence: int = 0
    positions: Mapping[str, int] = {}


class Observations:
    """The windows and join records of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, delivery: Delivery) -> bool:
        """Store a delivery, all or nothing; False when it stands there already."""
        with self._database.writing() as connection:
            if _observed(connection, delivery.server).sequence >= delivery.sequence:
                return False
            _insert_windows(connection, delivery.windows)
            insert_new(connection, joins, delivery.joins)
            insert_outcomes(connection, delivery.outcomes)
            keep_worst(connection, delivery.differences)
            put_feedback(connection, delivery.feedback)
            look_again(connection, delivery.joins)
            own = observers.c.server == delivery.server
            connection.execute(observers.delete().where(own))
            positions = msgspec.json.encode(delivery.positions).decode()
            row = {"server": delivery.server, "sequence": delivery.sequence, "at": delivery.at}
            connection.execute(observers.insert().values(**row, positions=positions))
        return True

    def observed(self, server: str) -> Observed:
        """Say how far the observations of a server are stored, once all that is being stored is."""
        with self._database.writing() as connection:
            return _observed(connection, server)

    def endpoints(self) -> list[str]:
        """List the endpoints that have windows."""
        with self._database.reading() as connection:
            query = select(windows.c.endpoint).distinct().order_by(windows.c.endpoint)
            return list(connection.execute(query).scalars())

    def first(self, endpoint: str, version: str) -> int | None:
        """Give the second in which the first window of a version begins, None where there is none."""
        query = select(func.min(windows.c.start)).where(windows.c.endpoint == endpoint)
        with self._database.reading() as connection:
            found: int | None = connection.execute(query.where(windows.c.version == version)).scalar_one()
        return found

    def read(
        self,
        endpoint: str,
        version: str | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        revisions: Sequence[int] | None = None,
    ) -> list[WindowRecord]:
        """Give the windows that begin before `until` and end after `since` (UTC seconds), by their start.

        One second may have several, to be added up. With `revisions`, only those of these plans are given.
        """
        query = select(windows).where(windows.c.endpoint == endpoint)
        if version is not None:
            query = query.where(windows.c.version == version)
        if since is not None:
            query = query.where(windows.c.start + windows.c.period_s > since)
        if until is not None:
            query = query.where(windows.c.start < until)
        if revisions is not None:
            query = query.where(windows.c.revision.in_(revisions))
        with self._database.reading() as connection:
            return list(_windows(connection, query.order_by(windows.c.start, windows.c.id)))

    def counted(
        self, endpoint: str, revisions: Collection[int], known: Collection[WindowKey] = ()
    ) -> tuple[list[WindowKey], list[WindowRecord]]:
        """Give the keys of the windows counted under plans of these revisions, and, whole, those not `known`.

        A window's key says its id, start and period: an id alone may be given again to a merged window.
        """
        chosen = (windows.c.endpoint == endpoint) & windows.c.revision.in_(sorted(revisions))
        with self._database.reading() as connection:
            query = select(windows.c.id, windows.c.start, windows.c.period_s).where(chosen)
            keys = [WindowKey(*row) for row in connection.execute(query)]
            new = sorted(key.id for key in {*keys} - {*known})
            found: list[WindowRecord] = []
            for start in range(0, len(new), _IN_ONE_GO):
                part = windows.c.id.in_(new[start : start + _IN_ONE_GO])
                found += _windows(connection, select(windows).where(part).order_by(windows.c.id))
        return keys, found

    def newest(self, endpoint: str, revision: int, most: int) -> list[WindowRecord]:
        """Give up to `most` windows counted under a plan, those that were stored last."""
        chosen = (windows.c.endpoint == endpoint) & (windows.c.revision == revision)
        query = select(windows).where(chosen).order_by(windows.c.id.desc()).limit(most)
        with self._database.reading() as connection:
            return list(_windows(connection, query))

    def crowded(
        self,
        period_s: int,
        before: int,
        most: int,
        *,
        since: int = 0,
        past: Stretch | None = None,
    ) -> list[Stretch]:
        """Give up to `most` whole periods of `period_s` seconds that have windows shorter than that.

        Of windows that begin from `since` on and before `before`, the oldest periods first, behind `past`.
        """
        first = (windows.c.start - windows.c.start % period_s).label("first")
        order = (first, windows.c.endpoint, windows.c.version)
        chosen = (windows.c.period_s < period_s) & (windows.c.start >= since) & (windows.c.start < before)
        query = select(*order).where(chosen).distinct().order_by(*order).limit(most)
        if past is not None:
            query = query.where(tuple_(*order) > tuple_(past.start, past.endpoint, past.version))
        with self._database.reading() as connection:
            return [Stretch(*row) for row in connection.execute(query)]

    def within(self, stretch: Stretch, period_s: int) -> list[WindowRecord]:
        """Give the windows that lie within a period, those as long as it included."""
        query = select(windows).where(
            (windows.c.endpoint == stretch.endpoint)
            & (windows.c.version == stretch.version)
            & (windows.c.start >= stretch.start)
            & (windows.c.start < stretch.start + period_s)
            & (windows.c.period_s <= period_s)
        )
        with self._database.reading() as connection:
            return list(_windows(connection, query.order_by(windows.c.start, windows.c.id)))

    def replace(self, old: Sequence[WindowRecord], new: Sequence[WindowRecord]) -> bool:
        """Put `new` windows in the place of stored ones; False, and nothing, when those are not all there."""
        numbers = [window.id for window in old]
        parts = [numbers[start : start + _IN_ONE_GO] for start in range(0, len(numbers), _IN_ONE_GO)]
        with self._database.writing() as connection:
            there = select(func.count()).select_from(windows)
            found = [connection.execute(there.where(windows.c.id.in_(part))).scalar_one() for part in parts]
            if sum(found) != len(old):
                return False
            # New ones first: SQLite would give them the ids of those that go, and readers know windows by id.
            _insert_windows(connection, new)
            for part in parts:
                connection.execute(windows.delete().where(windows.c.id.in_(part)))
        return True

    def joined(self, ids: Sequence[str]) -> list[JoinRecord]:
        """Find the join records of prediction ids (of requests, without a row), by id and first row."""
        with self._database.reading() as connection:
            found: list[JoinRecord] = []
            for start in range(0, len(ids), _IN_ONE_GO):
                chosen = joins.c.id.in_(ids[start : start + _IN_ONE_GO])
                rows = connection.execute(select(joins).where(chosen)).mappings()
                found += [JoinRecord(**row) for row in rows]
        return sorted(found, key=lambda join: (join.id, join.first))

    def forget(self, *, windows_before: int, joins_before: int) -> int:
        """Remove windows that ended, and joins made, before these UTC seconds; give how many."""
        old_windows = windows.c.start + windows.c.period_s <= windows_before
        old_joins = joins.c.at_ns < joins_before * 1_000_000_000
        with self._database.reading() as connection:
            counted = [
                connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
                for table, condition in ((windows, old_windows), (joins, old_joins))
            ]
        if any(counted):
            with self._database.writing() as connection:
                connection.execute(windows.delete().where(old_windows))
                connection.execute(joins.delete().where(old_joins))
                connection.execute(observers.delete().where(observers.c.at < windows_before))
        return sum(counted)


def _observed(connection: Connection, server: str) -> Observed:
    row = connection.execute(select(observers).where(observers.c.server == server)).one_or_none()
    return Observed() if row is None else Observed(row.sequence, msgspec.json.decode(row.positions))


def _insert_windows(connection: Connection, new: Sequence[WindowRecord]) -> None:
    rows = [
        {
            "endpoint": window.endpoint,
            "version": window.version,
            "start": window.start,
            "period_s": window.period_s,
            "document": zlib.compress(window.document, 1),
            "revision": window.revision,
        }
        for window in new
    ]
    if rows:
        connection.execute(windows.insert(), rows)


def _windows(connection: Connection, query: Select[Any]) -> Iterator[WindowRecord]:
    for row in connection.execute(query):
        yield WindowRecord(
            row.endpoint,
            row.version,
            row.start,
            row.period_s,
            zlib.decompress(row.document),
            row.id,
            row.revision,
        )
