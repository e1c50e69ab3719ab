"""Which of several processes acts: a counter in the catalog that its holder raises.

No clock is written down or compared between machines. A process takes over when the counter has not moved
for some seconds of its own monotonic clock, so that stepping a wall clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy import select

from hythe.base.errors import Conflict, Invalid
from hythe.registry.database import Database
from hythe.registry.tables import leases

_RENEWALS = 3.0
"""How often a lease is renewed in the time after which others may take it."""


class Lease(msgspec.Struct, frozen=True):
    """Who holds `name`, and how many times it was taken or renewed; turn 0 and nobody before the first."""

    name: str
    holder: str = ""
    turn: int = 0


class Leases:
    """The leases of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, name: str) -> Lease:
        """Say who holds a lease now."""
        with self._database.reading() as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
        return Lease(name) if row is None else Lease(row.name, row.holder, row.turn)

    def write(self, seen: Lease, holder: str) -> Lease:
        """Take or renew a lease as `holder`, or give it up with "".

        Raises:
            Conflict: when it moved since it was `seen`.

        """
        taken = Lease(seen.name, holder, seen.turn + 1)
        with self._database.writing() as connection:
            standing = (leases.c.name == seen.name) & (leases.c.turn == seen.turn)
            row = {"holder": holder, "turn": taken.turn}
            if connection.execute(leases.update().where(standing).values(**row)).rowcount:
                return taken
            known = select(leases.c.turn).where(leases.c.name == seen.name)
            if seen.turn or connection.execute(known).one_or_none() is not None:
                raise Conflict(f"the lease '{seen.name}' moved on from turn {seen.turn}; look again")
            connection.execute(leases.insert().values(name=seen.name, **row))
        return taken


class Claim:
    """One process's claim to a lease. Call `held` before each act.

    `monotonic_s` is the process's own clock; the lease is taken from a holder that has not renewed it for
    `after_s` of it. `holder` names the process, as no other one is named.
    """

    def __init__(
        self, leases: Leases, name: str, holder: str, monotonic_s: Callable[[], float], after_s: float = 10.0
    ) -> None:
        if not holder or after_s <= 0:
            raise Invalid(f"a lease for {holder!r} after {after_s} s; give a name, and more than 0 seconds")
        self._leases = leases
        self._holder = holder
        self._monotonic_s = monotonic_s
        self._after_s = after_s
        self._seen = Lease(name)
        self._since_s = float("-inf")

    @property
    def holder(self) -> str:
        """Who held the lease when it was last looked at; "" for nobody."""
        return self._seen.holder

    def held(self) -> bool:
        """Tell whether this process holds the lease now; take or renew it where that is due.

        Raises Unavailable when the catalog is gone: then nobody knows, and nobody should act.
        """
        now_s = self._monotonic_s()
        if self._mine and now_s - self._since_s < self._after_s / _RENEWALS:
            return True
        found = self._leases.read(self._seen.name)
        if found != self._seen:
            self._seen, self._since_s = found, now_s
        free = self._mine or not self._seen.holder or now_s - self._since_s >= self._after_s
        return free and self._write(self._holder)

    def release(self) -> None:
        """Let another take over at once; nothing happens when this process does not hold the lease."""
        if self._mine:
            self._write("")

    @property
    def _mine(self) -> bool:
        return self._seen.holder == self._holder

    def _write(self, holder: str) -> bool:
        # The moment before the write: others count from when they see it, which is later.
        at_s = self._monotonic_s()
        try:
            self._seen = self._leases.write(self._seen, holder)
        except Conflict:
            self._seen, self._since_s = self._leases.read(self._seen.name), at_s
            return self._mine
        self._since_s = at_s
        return self._mine
