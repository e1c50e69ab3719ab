"""Where rollouts stand: documents that move by counted turns, one alive on an endpoint at a time.

What a rollout is is nothing to this file; it keeps documents, and that nobody moves one unseen.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select

from hythe.base.errors import Conflict, NotFound
from hythe.bundle.canonical import canonical
from hythe.registry.tables import rollouts

ALIVE = frozenset({"running", "paused"})
"""The statuses of a rollout that may still move traffic."""


class RolloutRecord(msgspec.Struct, frozen=True):
    """A rollout as it is stored: `turn` counts how many times it was written, 0 before it is stored."""

    id: str
    endpoint: str
    status: str
    turn: int
    document: Any

    @property
    def alive(self) -> bool:
        """Whether it may still move traffic."""
        return self.status in ALIVE

    @property
    def state(self) -> dict[str, str]:
        """What the change log says of it, whatever else it says."""
        return {"id": self.id, "status": self.status}


def read_rollouts(connection: Connection, endpoint: str | None, *, running: bool) -> list[RolloutRecord]:
    """Give the rollouts of an endpoint, or of all, the oldest first; with `running`, those alive."""
    query = select(rollouts).order_by(rollouts.c.id)
    if endpoint is not None:
        query = query.where(rollouts.c.endpoint == endpoint)
    if running:
        query = query.where(rollouts.c.status.in_(sorted(ALIVE)))
    return _read(connection, query)


def read_rollout(connection: Connection, rollout_id: str) -> RolloutRecord:
    """Give one rollout; raises `NotFound`."""
    found = _read(connection, select(rollouts).where(rollouts.c.id == rollout_id))
    if not found:
        raise NotFound(f"there is no rollout {rollout_id!r}; see: hythe rollout status ENDPOINT")
    return found[0]


def write_rollout(connection: Connection, record: RolloutRecord, expected_turn: int) -> RolloutRecord:
    """Write a rollout over what stands at `expected_turn` (0 for a new one), and give it with its new turn.

    Raises:
        Conflict: when it moved meanwhile, or when another one is alive on the endpoint.

    """
    known = next(iter(_read(connection, select(rollouts).where(rollouts.c.id == record.id))), None)
    turn = known.turn if known else 0
    if turn != expected_turn:
        raise Conflict(f"rollout {record.id} is at turn {turn}, not {expected_turn}; look again")
    if record.alive:
        _check_alone(connection, record)
    written = msgspec.structs.replace(record, turn=turn + 1)
    row = {**msgspec.structs.asdict(written), "document": canonical(record.document).decode()}
    connection.execute(rollouts.delete().where(rollouts.c.id == record.id))
    connection.execute(rollouts.insert().values(**row))
    return written


def _check_alone(connection: Connection, record: RolloutRecord) -> None:
    for other in read_rollouts(connection, record.endpoint, running=True):
        if other.id != record.id:
            raise Conflict(
                f"endpoint '{record.endpoint}' is in rollout {other.id} already, which is {other.status}; "
                "promote or abort that one first"
            )


def _read(connection: Connection, query: Select[Any]) -> list[RolloutRecord]:
    return [_record(row) for row in connection.execute(query)]


def _record(row: Row[Any]) -> RolloutRecord:
    return RolloutRecord(row.id, row.endpoint, row.status, row.turn, msgspec.json.decode(row.document))
