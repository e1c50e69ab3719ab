"""What became of single predictions: outcomes by metric, summed for those who compare versions.

Like windows, these grow each second and are no entries of the change log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Subquery, Table, case, func, literal, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from hythe.registry.database import Database
from hythe.registry.tables import outcomes

_GREATEST = 1e100
"""Greater values count as this: their cubes have to be numbers that add up."""
_OTHER = outcomes.alias()
"""Other rows of the same request."""


class OutcomeRecord(msgspec.Struct, frozen=True):
    """The `value` of one metric for one prediction (`id` of the request, and the row in it).

    `version`, the arm's `share` of the traffic and the plan's `revision` are those of prediction time; `key`
    is the sticky key's hash, "" without one. `told_ns` is when a value first became known, which a correction
    does not change; times are UTC.
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


class OutcomeSum(msgspec.Struct, frozen=True):
    """The `n` units of one arm: the `total` of their values, and of the values' `squares` and `cubes`."""

    version: str
    share: float
    revision: int
    n: int
    total: float
    squares: float
    cubes: float


class OutcomeHistogram(msgspec.Struct, frozen=True):
    """The units of one arm by bucket: how many values were above the bound before and up to the bound."""

    version: str
    share: float
    revision: int
    buckets: dict[int, int]


class Outcomes:
    """The outcomes of a catalog, added up in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sums(  # noqa: PLR0913 - each names what counts
        self,
        endpoint: str,
        metric: str,
        revisions: Collection[int],
        *,
        by_key: bool = False,
        bounds: tuple[float, float] | None = None,
        above: float | None = None,
        matured_before_ns: int | None = None,
        within_ns: int | None = None,
    ) -> list[OutcomeSum]:
        """Add up a metric under plans of some revisions, by version, share and revision.

        One row of each request counts, its first that has the metric; with `by_key` one of each sticky key:
        that of the lowest revision, then the earliest, and each request where there is no key. So the units
        are what was randomised. Values are clipped to `bounds` and scaled to 0..1, or become 1 where they are
        `above` a number and else 0, or stay what they are. Predictions made after `matured_before_ns` (UTC)
        do not count, nor what was first told more than `within_ns` after its prediction; both go before a
        unit's row is chosen, so that what comes later never takes away what counted.
        """
        chosen = _chosen(endpoint, metric, revisions) & _in_time(outcomes.c, matured_before_ns, within_ns)
        in_time = _in_time(_OTHER.c, matured_before_ns, within_ns)
        units = _of_keys(chosen) if by_key else _of_requests(chosen, in_time)
        value = _scaled(units.c.value, bounds, above)
        arm = units.c.version, units.c.share, units.c.revision
        powers = value, value * value, value * value * value
        query = select(*arm, func.count(), *(func.sum(power) for power in powers))
        with self._database.reading() as connection:
            return [OutcomeSum(*row) for row in connection.execute(query.group_by(*arm).order_by(*arm))]

    def histograms(
        self,
        endpoint: str,
        metric: str,
        revisions: Collection[int],
        bounds: Sequence[float],
        *,
        by_key: bool = False,
    ) -> list[OutcomeHistogram]:
        """Count a metric's units by bucket and by version, share and revision; units are those of `sums`.

        Bucket i is of values up to `bounds[i]` (growing), the last one of all beyond.
        """
        chosen = _chosen(endpoint, metric, revisions)
        units = _of_keys(chosen) if by_key else _of_requests(chosen, true())
        bucket = _place(units.c.value, bounds, 0, len(bounds)).label("bucket")
        first = select(units.c.version, units.c.share, units.c.revision, bucket).subquery()
        grouped = (first.c.version, first.c.share, first.c.revision, first.c.bucket)
        query = select(*grouped, func.count()).group_by(*grouped).order_by(*grouped)
        found: dict[tuple[str, float, int], dict[int, int]] = {}
        with self._database.reading() as connection:
            for version, share, revision, place, n in connection.execute(query):
                found.setdefault((version, share, revision), {})[place] = n
        return [OutcomeHistogram(*key, buckets) for key, buckets in found.items()]

    def forget(self, predicted_before_ns: int) -> int:
        """Remove the outcomes of predictions made before this UTC time; give how many."""
        old = outcomes.c.predicted_ns < predicted_before_ns
        with self._database.reading() as connection:
            n = connection.execute(select(func.count()).select_from(outcomes).where(old)).scalar_one()
        if n:
            with self._database.writing() as connection:
                connection.execute(outcomes.delete().where(old))
        return n


def insert_for(connection: Connection) -> Callable[[Table], Any]:
    """Give the `insert` of a connection's database, which knows what to do where a row stands."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite


def insert_new(connection: Connection, table: Table, records: Sequence[msgspec.Struct]) -> None:
    """Insert the records that do not stand there yet; a delivery may bring one a second time."""
    if records:
        statement = insert_for(connection)(table).on_conflict_do_nothing()
        connection.execute(statement, [msgspec.structs.asdict(record) for record in records])


def insert_outcomes(connection: Connection, records: Sequence[OutcomeRecord]) -> None:
    """Insert outcomes that are not there yet: the first one told counts, until feedback corrects it."""
    insert_new(connection, outcomes, records)


def put_outcomes(connection: Connection, records: Sequence[OutcomeRecord]) -> None:
    """Put outcomes in the place of what was known of the same row and metric."""
    if records:
        insert = insert_for(connection)(outcomes)
        changed = {"value": insert.excluded.value, "told_ns": insert.excluded.told_ns}
        statement = insert.on_conflict_do_update(index_elements=["id", "row", "metric"], set_=changed)
        connection.execute(statement, [msgspec.structs.asdict(record) for record in records])


def _chosen(endpoint: str, metric: str, revisions: Collection[int]) -> ColumnElement[bool]:
    table = outcomes.c
    return (table.endpoint == endpoint) & (table.metric == metric) & table.revision.in_(revisions)


def _in_time(table: Any, matured_before_ns: int | None, within_ns: int | None) -> ColumnElement[bool]:
    found: ColumnElement[bool] = true()
    if matured_before_ns is not None:
        found &= table.predicted_ns <= matured_before_ns
    if within_ns is not None:
        found &= table.told_ns - table.predicted_ns <= within_ns
    return found


def _of_requests(chosen: ColumnElement[bool], counts: ColumnElement[bool]) -> Subquery:
    """Take the first row of each request that `counts`; most have one row, and need no look at others."""
    table, other = outcomes.c, _OTHER.c
    same = (other.id == table.id) & (other.metric == table.metric) & (other.row < table.row)
    earlier = select(other.id).where(same & counts).exists()
    first = or_(table.row == 0, ~earlier)
    return select(table.version, table.share, table.revision, table.value).where(chosen & first).subquery()


def _of_keys(chosen: ColumnElement[bool]) -> Subquery:
    """Take the first row of each key, and of each request without one."""
    table = outcomes.c
    unit = (table.key, case((table.key == "", table.id), else_=""))
    order = (table.revision, table.predicted_ns, table.id, table.row)
    place = func.row_number().over(partition_by=unit, order_by=order).label("place")
    rows = select(table.version, table.share, table.revision, table.value, place).where(chosen).subquery()
    return select(rows).where(rows.c.place == 1).subquery()


def _scaled(
    value: ColumnElement[float], bounds: tuple[float, float] | None, above: float | None
) -> ColumnElement[float]:
    if above is not None:
        return case((value > above, 1.0), else_=0.0)
    low, high = bounds or (-_GREATEST, _GREATEST)
    if bounds is None:
        return case((value <= low, low), (value >= high, high), else_=value)
    return case((value <= low, 0.0), (value >= high, 1.0), else_=(value - low) / (high - low))


def _place(value: ColumnElement[float], bounds: Sequence[float], low: int, high: int) -> ColumnElement[int]:
    """Find the first bound that a value is not above, by halving: a tree of cases, as deep as need be."""
    if low == high:
        return literal(low)
    middle = (low + high) // 2
    return case(
        (value <= bounds[middle], _place(value, bounds, low, middle)),
        else_=_place(value, bounds, middle + 1, high),
    )
