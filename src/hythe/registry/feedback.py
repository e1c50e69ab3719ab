"""What was told of predictions, kept until it meets its join record, and then as long as that.

Tellings merge in any order: the newest value stands, with the time of the first telling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, bindparam, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from hythe.registry.database import Database
from hythe.registry.outcomes import OutcomeRecord, insert_for, put_outcomes
from hythe.registry.tables import feedback, joins, orphans

NEW, WAITING, JOINED = 0, 1, 2
"""Not looked at since it was told; looked for its prediction in vain; met its prediction."""
_IN_ONE_GO = 500
_KEY = ("id", "row", "endpoint", "part")


class FeedbackRecord(msgspec.Struct, frozen=True):
    """One `part` of what was told of row `row` of the request `id`: its `outcome`, or one `value:NAME`.

    `value` is JSON, told at `at_ns` (UTC); `told_ns` is when anything was first told of the part.
    """

    id: str
    row: int
    endpoint: str
    part: str
    value: str
    told_ns: int
    at_ns: int


class FeedbackCounts(msgspec.Struct, frozen=True):
    """Rows of an endpoint that feedback was told of.

    `joined` met their predictions, `waiting` have not; `orphans` waited too long and were removed.
    """

    joined: int = 0
    waiting: int = 0
    orphans: int = 0


class Covers(Protocol):
    """What a join record has: the rows `first` to `first + rows - 1` of the request `id`."""

    @property
    def id(self) -> str:
        """The request."""
        ...

    @property
    def first(self) -> int:
        """Its first row."""
        ...

    @property
    def rows(self) -> int:
        """How many rows."""
        ...

    @property
    def endpoint(self) -> str:
        """The endpoint that answered."""
        ...


class Feedback:
    """The feedback of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, records: Sequence[FeedbackRecord]) -> None:
        """Store what was told, all or nothing; the same again changes nothing."""
        with self._database.writing() as connection:
            put_feedback(connection, records)

    def new(self, most: int = _IN_ONE_GO) -> list[FeedbackRecord]:
        """Give up to `most` of what was not looked at since it was told, the oldest first."""
        query = _records().where(feedback.c.state == NEW).order_by(feedback.c.at_ns).limit(most)
        with self._database.reading() as connection:
            return _found(connection, query)

    def settle(self, looked: Mapping[FeedbackRecord, Sequence[OutcomeRecord] | None]) -> int:
        """Write down what became of feedback that was new; None is a prediction that was not found.

        What was told otherwise meanwhile, or whose prediction came meanwhile, stays new. Give how much
        joined.
        """
        ids = sorted({record.id for record in looked})
        with self._database.writing() as connection:
            own = (feedback.c.state == NEW) & feedback.c.id.in_(ids)
            standing = {*_found(connection, _records().where(own))} & looked.keys()
            arrived = _covering(connection, ids)
            made = {record: looked[record] for record in standing if looked[record] is not None}
            lost = [record for record in standing if record not in made and not arrived(record)]
            put_outcomes(connection, [outcome for found in made.values() for outcome in found or ()])
            _mark(connection, made, JOINED)
            _mark(connection, lost, WAITING)
        return len(made)

    def counts(self, endpoint: str) -> FeedbackCounts:
        """Count the rows of an endpoint that something was told of."""
        own = feedback.c.endpoint == endpoint
        row = feedback.c.id, feedback.c.row
        state = func.min(feedback.c.state).label("state")
        rows = select(*row, state).where(own).group_by(*row).subquery()
        with self._database.reading() as connection:
            query = select(rows.c.state, func.count().label("n")).group_by(rows.c.state)
            found = {row.state: row.n for row in connection.execute(query)}
            gone = connection.execute(select(orphans.c.n).where(orphans.c.endpoint == endpoint)).scalar()
        return FeedbackCounts(found.pop(JOINED, 0), sum(found.values()), gone or 0)

    def forget(self, *, joined_before_ns: int, waiting_before_ns: int) -> dict[str, int]:
        """Remove what was told before these UTC times; give by endpoint how many rows were orphans."""
        lost = (feedback.c.state == WAITING) & (feedback.c.at_ns < waiting_before_ns)
        old = (feedback.c.state == JOINED) & (feedback.c.at_ns < joined_before_ns)
        with self._database.reading() as connection:
            if connection.execute(select(feedback.c.id).where(lost | old).limit(1)).first() is None:
                return {}
        with self._database.writing() as connection:
            rows = (
                select(feedback.c.endpoint, feedback.c.id, feedback.c.row).where(lost).distinct().subquery()
            )
            query = select(rows.c.endpoint, func.count().label("n")).group_by(rows.c.endpoint)
            gone = {row.endpoint: row.n for row in connection.execute(query)}
            connection.execute(feedback.delete().where(lost | old))
            _add_orphans(connection, gone)
        return gone


def put_feedback(connection: Connection, records: Sequence[FeedbackRecord]) -> None:
    """Merge what was told into what stands; either way round gives the same."""
    if not records:
        return
    insert = insert_for(connection)(feedback)
    came, stands = insert.excluded, feedback.c
    told_again = (came.at_ns == stands.at_ns) & (came.value > stands.value)
    merged = {
        "value": case(((came.at_ns > stands.at_ns) | told_again, came.value), else_=stands.value),
        "at_ns": case((came.at_ns > stands.at_ns, came.at_ns), else_=stands.at_ns),
        "told_ns": case((came.told_ns < stands.told_ns, came.told_ns), else_=stands.told_ns),
        "state": NEW,
    }
    statement = insert.on_conflict_do_update(index_elements=_KEY, set_=merged)
    connection.execute(statement, [msgspec.structs.asdict(record) for record in records])


def look_again(connection: Connection, arrived: Iterable[Covers]) -> None:
    """Have feedback that waits for these join records looked at again."""
    anything = connection.execute(select(feedback.c.id).where(feedback.c.state == WAITING).limit(1))
    if anything.first() is None:
        return
    ids = sorted({join.id for join in arrived})
    for start in range(0, len(ids), _IN_ONE_GO):
        own = (feedback.c.state == WAITING) & feedback.c.id.in_(ids[start : start + _IN_ONE_GO])
        connection.execute(feedback.update().where(own).values(state=NEW))


def covered(record: FeedbackRecord, join: Covers) -> bool:
    """Tell whether a join record is of the row that feedback was told of, by the endpoint it was told to."""
    inside = join.first <= record.row < join.first + join.rows
    return inside and (join.id, join.endpoint) == (record.id, record.endpoint)


def _covering(connection: Connection, ids: Sequence[str]) -> Callable[[FeedbackRecord], bool]:
    """Look which join records there are now."""
    query = select(joins.c.id, joins.c.first, joins.c.rows, joins.c.endpoint).where(joins.c.id.in_(ids))
    known = defaultdict(list)
    for row in connection.execute(query):
        known[row.id].append(row)
    return lambda record: any(covered(record, join) for join in known[record.id])


def _mark(connection: Connection, records: Collection[FeedbackRecord], state: int) -> None:
    if records:
        own: ColumnElement[bool] = (feedback.c.id == bindparam("of_id")) & (
            feedback.c.row == bindparam("of_row")
        )
        own &= (feedback.c.endpoint == bindparam("of_endpoint")) & (feedback.c.part == bindparam("of_part"))
        keys = [{f"of_{name}": getattr(record, name) for name in _KEY} for record in records]
        connection.execute(feedback.update().where(own).values(state=state), keys)


def _add_orphans(connection: Connection, gone: Mapping[str, int]) -> None:
    if gone:
        insert = insert_for(connection)(orphans)
        more = {"n": orphans.c.n + insert.excluded.n}
        statement = insert.on_conflict_do_update(index_elements=["endpoint"], set_=more)
        connection.execute(statement, [{"endpoint": endpoint, "n": n} for endpoint, n in gone.items()])


def _records() -> Any:
    return select(*(feedback.c[name] for name in FeedbackRecord.__struct_fields__))


def _found(connection: Connection, query: Any) -> list[FeedbackRecord]:
    return [FeedbackRecord(**row) for row in connection.execute(query).mappings()]
