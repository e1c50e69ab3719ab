"""How a catalog of an earlier Hythe becomes one of this Hythe: one file a step, by Alembic's operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select

from hythe.base.errors import Unsupported
from hythe.registry.tables import schema_version

if TYPE_CHECKING:
    from alembic.operations import Operations

NEWEST = 6
"""The schema that this Hythe reads and writes; the last step of `_steps`."""


def schema_of(connection: Connection) -> int:
    """Read the schema number of a catalog, 0 for an empty database; raises `Unsupported` for a newer one."""
    if not inspect(connection).has_table(schema_version.name):
        return 0
    found = connection.execute(select(schema_version.c.version)).scalar_one_or_none() or 0
    if found > NEWEST:
        raise Unsupported(
            f"the catalog has schema {found} and was written by a newer Hythe; this one reads up to {NEWEST}:"
            " install the newer Hythe, or use another home"
        )
    return found


def migrate(connection: Connection) -> None:
    """Bring the catalog to the newest schema, inside the caller's transaction."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    done = schema_of(connection)
    operations = Operations(MigrationContext.configure(connection))
    for step in _steps()[done:]:
        step(operations)
    connection.execute(schema_version.delete())
    connection.execute(schema_version.insert().values(version=NEWEST))


def _steps() -> tuple[Callable[[Operations], None], ...]:
    from hythe.registry.migrations import (
        m0001_first,
        m0002_keys,
        m0003_windows,
        m0004_rollouts,
        m0005_monitoring,
        m0006_refusals,
    )

    steps = (
        m0001_first,
        m0002_keys,
        m0003_windows,
        m0004_rollouts,
        m0005_monitoring,
        m0006_refusals,
    )
    return tuple(step.upgrade for step in steps)
