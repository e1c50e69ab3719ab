"""Hear of changes to a catalog in PostgreSQL, wherever they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy.engine import make_url

from hythe.base.errors import Unavailable, Unsupported

CHANNEL = "hythe_changes"


def notifies(url: str) -> bool:
    """Tell whether the catalog at `url` says by itself when it changes."""
    return make_url(url).get_backend_name() in {"postgresql", "postgres"}


async def changes(url: str) -> AsyncIterator[None]:
    """Give an item for each committed change to the catalog at `url`, and one at the start.

    Raises:
        Unavailable: when the connection cannot be made, or is lost.
        Unsupported: when psycopg is not installed.

    """
    try:
        from psycopg import AsyncConnection, Error
    except ModuleNotFoundError as err:
        raise Unsupported("PostgreSQL needs psycopg; install 'hythe[postgres]'") from err
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        async with await AsyncConnection.connect(address, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            yield
            async for _ in connection.notifies():
                yield
    except Error as err:
        raise Unavailable(f"the catalog no longer tells of changes: {err}; see that it is running") from err
