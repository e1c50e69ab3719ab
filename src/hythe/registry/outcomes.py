"""What became of single predictions: outcomes by metric, the feedback they come from, what shadows changed.

Like windows, these grow each second and are no entries of the change log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table

from hythe.registry.tables import differences, feedback, outcomes


class OutcomeRecord(msgspec.Struct, frozen=True):
    """The `value` of one metric for one prediction (`id` of the request, and the row in it).

    `version`, the arm's `share` of the traffic and the plan's `revision` are those of prediction time; `key`
    is the sticky key's hash, "" without one. `told_ns` is when the value became known; times are UTC.
    """

    id: str
    row: int
    metric: str
    value: float
    endpoint: str
    version: str
    revision: int
    share: float
    key: str
    predicted_ns: int
    told_ns: int


class FeedbackRecord(msgspec.Struct, frozen=True):
    """What was told of one prediction: `document` is the JSON of its outcome and values, `at_ns` UTC."""

    id: str
    row: int
    endpoint: str
    at_ns: int
    document: str


class DifferenceRecord(msgspec.Struct, frozen=True):
    """A request that a shadow answered otherwise; `size` orders them, `document` is JSON of both answers."""

    endpoint: str
    revision: int
    version: str
    id: str
    size: float
    at_ns: int
    document: str


def insert_new(connection: Connection, table: Table, records: Sequence[msgspec.Struct]) -> None:
    """Insert the records that do not stand there yet; a delivery may bring one a second time."""
    if not records:
        return
    statement: Any
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        statement = insert_postgresql(table).on_conflict_do_nothing()
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        statement = insert_sqlite(table).on_conflict_do_nothing()
    connection.execute(statement, [msgspec.structs.asdict(record) for record in records])


def insert_outcomes(connection: Connection, records: Sequence[OutcomeRecord]) -> None:
    """Insert outcomes that are not there yet: the first one told counts, until feedback corrects it."""
    insert_new(connection, outcomes, records)


def insert_differences(connection: Connection, records: Sequence[DifferenceRecord]) -> None:
    """Insert what shadows answered otherwise."""
    insert_new(connection, differences, records)


def put_feedback(connection: Connection, records: Sequence[FeedbackRecord]) -> None:
    """Put feedback down; what is newer takes the place of what was told before of the same row."""
    for record in records:
        own = (feedback.c.id == record.id) & (feedback.c.row == record.row)
        connection.execute(feedback.delete().where(own & (feedback.c.at_ns <= record.at_ns)))
    insert_new(connection, feedback, records)
