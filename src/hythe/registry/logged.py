"""An edit under way: its connection, who makes it and why, and the change log that each change goes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, select

from hythe.base.clock import Clock, rfc3339
from hythe.bundle.canonical import canonical
from hythe.registry.reader import Reader
from hythe.registry.tables import log
from hythe.security.audit import GENESIS, link


class Logged(Reader):
    """Reads inside the edit's transaction, and writes into it; what may be changed, its children say."""

    def __init__(self, connection: Connection, clock: Clock, actor: str, why: str) -> None:
        super().__init__(self._lend)
        self._connection = connection
        self._now = rfc3339(clock.now())
        self._actor = actor
        self._why = why

    def note(self, action: str, subject: str, after: Any) -> None:
        """Write down a change of the outside world, such as a push."""
        self._log(action, subject, None, after)

    @contextmanager
    def _lend(self) -> Iterator[Connection]:
        yield self._connection

    def _run(self, statement: Any) -> None:
        self._connection.execute(statement)

    def _log(self, action: str, subject: str, before: Any, after: Any) -> None:
        last = select(log.c.seq, log.c.link).order_by(log.c.seq.desc()).limit(1)
        row = self._connection.execute(last).one_or_none()
        seq, previous = (row.seq, row.link) if row else (0, GENESIS)
        document = canonical(
            {
                "at": self._now, "actor": self._actor, "action": action, "subject": subject,
                "before": before, "after": after, "why": self._why,
            }
        )  # fmt: skip
        self._run(
            log.insert().values(
                seq=seq + 1, subject=subject, document=document.decode(), link=link(previous, document)
            )
        )
