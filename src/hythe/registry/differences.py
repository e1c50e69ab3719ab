"""What shadows answered otherwise: of each version under each revision of the plan, the worst."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from hythe.registry.database import Database
from hythe.registry.outcomes import insert_new
from hythe.registry.tables import differences

MOST = 20
"""How many are kept of one version under one revision."""


class DifferenceRecord(msgspec.Struct, frozen=True):
    """A row that a shadow answered otherwise; greater `size` is worse, `document` is JSON of both answers.

    `id` is the row's prediction id, `at_ns` UTC.
    """

    endpoint: str
    revision: int
    version: str
    id: str
    size: float
    at_ns: int
    document: str


class Differences:
    """The differences of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(
        self,
        endpoint: str,
        version: str | None = None,
        *,
        revisions: Collection[int] | None = None,
        most: int = MOST,
    ) -> list[DifferenceRecord]:
        """Give the worst differences of an endpoint, of one shadow or under some plans, the worst first."""
        query = select(differences).where(differences.c.endpoint == endpoint)
        if version is not None:
            query = query.where(differences.c.version == version)
        if revisions is not None:
            query = query.where(differences.c.revision.in_(sorted(revisions)))
        query = query.order_by(differences.c.size.desc(), differences.c.id).limit(most)
        with self._database.reading() as connection:
            return [DifferenceRecord(**row) for row in connection.execute(query).mappings()]

    def forget(self, before_ns: int) -> int:
        """Remove what was seen before this UTC time; give how many."""
        old = differences.c.at_ns < before_ns
        with self._database.reading() as connection:
            n = connection.execute(select(func.count()).select_from(differences).where(old)).scalar_one()
        if n:
            with self._database.writing() as connection:
                connection.execute(differences.delete().where(old))
        return n


def keep_worst(connection: Connection, records: Sequence[DifferenceRecord], most: int = MOST) -> None:
    """Insert differences, and of each version under each revision keep only the worst `most`."""
    insert_new(connection, differences, records)
    for endpoint, revision, version in {(one.endpoint, one.revision, one.version) for one in records}:
        _prune(connection, endpoint, revision, version, most)


def _prune(connection: Connection, endpoint: str, revision: int, version: str, most: int) -> None:
    table = differences.c
    own = (table.endpoint == endpoint) & (table.revision == revision) & (table.version == version)
    worst = select(table.id).where(own).order_by(table.size.desc(), table.id)
    surplus = connection.execute(worst.offset(most)).scalars().all()
    if surplus:
        connection.execute(differences.delete().where(own & table.id.in_(surplus)))
