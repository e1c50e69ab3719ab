"""Plans that a server cannot follow, and why: a version whose goldens do not replay there, say.

A server tells what will not change by waiting; what may come right is in its log and its health alone.
"""

from __future__ import annotations

from sqlalchemy import select

from hythe.base.clock import Clock, SystemClock, rfc3339
from hythe.registry.database import Database
from hythe.registry.tables import refusals


class Refusals:
    """The refused plans of a catalog: of each endpoint the newest, with the first reason that was told."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def tell(self, endpoint: str, revision: int, reason: str) -> None:
        """Note that a server does not follow a revision of an endpoint's plan."""
        own = refusals.c.endpoint == endpoint
        row = {"endpoint": endpoint, "revision": revision, "reason": reason}
        with self._database.writing() as connection:
            known = select(refusals.c.revision).where(own & (refusals.c.revision >= revision))
            if connection.execute(known).first() is not None:
                return
            connection.execute(refusals.delete().where(own))
            connection.execute(refusals.insert().values(**row, at=rfc3339(self._clock.now())))

    def reason(self, endpoint: str, revision: int) -> str:
        """Say why a server does not follow this revision; "" when none said so."""
        own = (refusals.c.endpoint == endpoint) & (refusals.c.revision == revision)
        with self._database.reading() as connection:
            return connection.execute(select(refusals.c.reason).where(own)).scalar_one_or_none() or ""
