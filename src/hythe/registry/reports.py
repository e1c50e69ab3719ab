"""What was found of periods: one report of each, by endpoint, version, length and start.

These are conclusions from counts, so no entries of the change log. What a report says is nothing to this
file: it keeps documents, compressed, and that none is written twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, Select, exists, func, select

from hythe.base.errors import Corrupt
from hythe.registry.database import Database
from hythe.registry.tables import learned as learned_table
from hythe.registry.tables import reports, windows

_LEVEL = 6


class ReportRecord(msgspec.Struct, frozen=True):
    """A stored report; `document` is its JSON, `start` UTC seconds since 1970."""

    endpoint: str
    version: str
    period_s: int
    start: int
    document: bytes


class Learned(msgspec.Struct, frozen=True):
    """What variation between windows of `period_s` seconds was learned of a version; `document` is JSON.

    `digest` is the bundle's, and whatever else it was learned with, so that it is not taken for another's.
    """

    endpoint: str
    digest: str
    period_s: int
    document: bytes


class PeriodKey(NamedTuple):
    """A period of one version that has windows; in the order in which periods begin."""

    start: int
    version: str


class Reports:
    """The reports of a catalog. They are stored in an edit: `MonitorEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(
        self,
        endpoint: str,
        version: str | None = None,
        *,
        period_s: int | None = None,
        since: int | None = None,
        until: int | None = None,
        newest: int | None = None,
    ) -> list[ReportRecord]:
        """Give the reports of periods that begin before `until` and end after `since`, by their start.

        With `newest`, the last so many of them.

        Raises:
            Corrupt: when one cannot be read.

        """
        query = select(reports).where(reports.c.endpoint == endpoint)
        if version is not None:
            query = query.where(reports.c.version == version)
        if period_s is not None:
            query = query.where(reports.c.period_s == period_s)
        if since is not None:
            query = query.where(reports.c.start + reports.c.period_s > since)
        if until is not None:
            query = query.where(reports.c.start < until)
        order = (reports.c.start.desc(), reports.c.period_s.desc(), reports.c.version.desc())
        with self._database.reading() as connection:
            return list(_records(connection, query.order_by(*order).limit(newest)))[::-1]

    def due(self, endpoint: str, period_s: int, *, since: int, until: int, most: int) -> list[PeriodKey]:
        """Give up to `most` periods that have windows and no report, the earliest first.

        They begin at or after `since` and end by `until`, UTC seconds that are multiples of `period_s`.
        Windows longer than a period are in none: what was merged further is not looked at any more.
        """
        start = (windows.c.start // period_s * period_s).label("begins")
        known = exists().where(
            (reports.c.endpoint == endpoint)
            & (reports.c.version == windows.c.version)
            & (reports.c.period_s == period_s)
            & (reports.c.start == windows.c.start // period_s * period_s)
        )
        query = (
            select(start, windows.c.version)
            .where(windows.c.endpoint == endpoint, windows.c.period_s <= period_s)
            .where(windows.c.start >= since, windows.c.start < until, ~known)
            .distinct()
            .order_by(start, windows.c.version)
            .limit(most)
        )
        with self._database.reading() as connection:
            return [PeriodKey(*row) for row in connection.execute(query)]

    def learned(self, endpoint: str, digest: str, period_s: int) -> Learned | None:
        """Give what was learned of a version, if anything was; raises Corrupt when it cannot be read."""
        table = learned_table.c
        own = (table.endpoint == endpoint) & (table.digest == digest) & (table.period_s == period_s)
        with self._database.reading() as connection:
            row = connection.execute(select(learned_table).where(own)).one_or_none()
        if row is None:
            return None
        what = f"what was learned of {endpoint}"
        return Learned(row.endpoint, row.digest, row.period_s, _plain(row.document, what))

    def lengths(self) -> list[int]:
        """List the lengths of periods that there are reports of, in seconds."""
        query = select(reports.c.period_s).distinct().order_by(reports.c.period_s)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def forget(self, period_s: int, before: int) -> int:
        """Remove reports of periods of one length that ended before this UTC second; give how many."""
        old = (reports.c.period_s == period_s) & (reports.c.start + period_s <= before)
        with self._database.reading() as connection:
            n = connection.execute(select(func.count()).select_from(reports).where(old)).scalar_one()
        if n:
            with self._database.writing() as connection:
                connection.execute(reports.delete().where(old))
        return n

    def faults(self) -> list[str]:
        """Say which reports cannot be read; see `hythe fsck`."""
        found = []
        with self._database.reading() as connection:
            for row in connection.execute(select(reports)):
                try:
                    _record(row)
                except Corrupt as err:
                    found.append(str(err))
        return found


def write_report(connection: Connection, record: ReportRecord) -> bool:
    """Insert a report; False, and nothing, when there is one of this version and period already."""
    own = (
        (reports.c.endpoint == record.endpoint)
        & (reports.c.version == record.version)
        & (reports.c.period_s == record.period_s)
        & (reports.c.start == record.start)
    )
    if connection.execute(select(reports.c.start).where(own)).one_or_none() is not None:
        return False
    row = {**msgspec.structs.asdict(record), "document": zlib.compress(record.document, _LEVEL)}
    connection.execute(reports.insert().values(**row))
    return True


def write_learned(connection: Connection, record: Learned) -> bool:
    """Insert what was learned; False, and nothing, when something of that kind was learned already."""
    table = learned_table.c
    own = (table.endpoint == record.endpoint) & (table.digest == record.digest)
    own &= table.period_s == record.period_s
    if connection.execute(select(table.endpoint).where(own)).one_or_none() is not None:
        return False
    row = {**msgspec.structs.asdict(record), "document": zlib.compress(record.document, _LEVEL)}
    connection.execute(learned_table.insert().values(**row))
    return True


def _records(connection: Connection, query: Select[Any]) -> Iterator[ReportRecord]:
    for row in connection.execute(query):
        yield _record(row)


def _record(row: Row[Any]) -> ReportRecord:
    what = f"the report of {row.endpoint} {row.version}, {row.period_s} s from {row.start}"
    return ReportRecord(row.endpoint, row.version, row.period_s, row.start, _plain(row.document, what))


def _plain(compressed: bytes, what: str) -> bytes:
    try:
        return zlib.decompress(compressed)
    except zlib.error as err:
        raise Corrupt(f"{what} cannot be read: {err}; put a backup of the catalog back") from err
