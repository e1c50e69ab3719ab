"""How much of their quotas keys have used: numbers that grow each second, so no entries of the change log."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from hythe.registry.tables import key_usage


class Spent(msgspec.Struct, frozen=True):
    """Requests that a key made in one of its periods, beyond those written down before."""

    id: str
    period: int
    requests: int


def add_usage(connection: Connection, spent: Iterable[Spent]) -> None:
    """Add to what stands there, inside the caller's transaction; all but a key's last two periods go."""
    for item in spent:
        own = key_usage.c.id == item.id
        here = own & (key_usage.c.period == item.period)
        grown = key_usage.update().where(here).values(used=key_usage.c.used + item.requests)
        if not connection.execute(grown).rowcount:
            row = {"id": item.id, "period": item.period, "used": item.requests}
            connection.execute(key_usage.insert().values(**row))
            connection.execute(key_usage.delete().where(own & (key_usage.c.period < item.period - 1)))
