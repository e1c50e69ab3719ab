"""Kept predictions beside what was told of them, by when it was told or when they were made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select

from hythe.registry.database import Database
from hythe.registry.feedback import JOINED
from hythe.registry.tables import feedback, joins
from hythe.registry.windows import JoinRecord

_IN_ONE_GO = 500
_DRAW = 22
"""The place, from 1, of the part of an id that samples are drawn by."""


class ToldPart(msgspec.Struct, frozen=True):
    """One `part` of what was told of row `row`: its `outcome`, or `value:NAME`; `value` is JSON."""

    row: int
    part: str
    value: str


class LabelledPrediction(msgspec.Struct, frozen=True):
    """A kept prediction, and what was told of its rows; nothing where that was not asked for."""

    join: JoinRecord
    told: tuple[ToldPart, ...] = ()


class Labelled:
    """The kept predictions of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, endpoint: str, since_ns: int, until_ns: int, most: int) -> list[LabelledPrediction]:
        """Give the predictions of which something was told for the first time in [since, until), UTC.

        Each label is in one such stretch of time, however long after its prediction it came. Of more than
        `most` told parts an even sample is given: by the random end of the ids.
        """
        table = feedback.c
        own = (table.endpoint == endpoint) & (table.state == JOINED) & (table.at_ns >= since_ns)
        own &= (table.told_ns >= since_ns) & (table.told_ns < until_ns)
        drawn = func.substr(table.id, _DRAW).desc()
        query = select(table.id, table.row, table.part, table.value).where(own).order_by(drawn, table.row)
        parts: dict[str, list[ToldPart]] = defaultdict(list)
        with self._database.reading() as connection:
            for found in connection.execute(query.limit(most)):
                parts[found.id].append(ToldPart(found.row, found.part, found.value))
        return [_with(join, parts[join.id]) for join in self._joins(list(parts), endpoint)]

    def versions(self, endpoint: str, since_ns: int, until_ns: int) -> list[str]:
        """List the versions of whose predictions something was told in [since, until), UTC."""
        table = feedback.c
        own = (table.endpoint == endpoint) & (table.state == JOINED) & (table.at_ns >= since_ns)
        own &= (table.told_ns >= since_ns) & (table.told_ns < until_ns)
        same = (joins.c.id == table.id) & (joins.c.endpoint == endpoint)
        query = select(joins.c.version).join(feedback, same).where(own).distinct().order_by(joins.c.version)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def predicted(
        self, endpoint: str, version: str, since_ns: int, until_ns: int, most: int
    ) -> list[LabelledPrediction]:
        """Give a version's predictions that were made in [since, until), UTC, whatever was told of them.

        Of more than `most` requests an even sample is given, as of `told`.
        """
        table = joins.c
        own = (table.endpoint == endpoint) & (table.version == version)
        own &= (table.at_ns >= since_ns) & (table.at_ns < until_ns)
        query = select(joins).where(own).order_by(func.substr(table.id, _DRAW).desc(), table.first)
        with self._database.reading() as connection:
            found = [JoinRecord(**row) for row in connection.execute(query.limit(most)).mappings()]
        return [LabelledPrediction(join) for join in found]

    def count(self, endpoint: str, version: str, since_ns: int, until_ns: int) -> int:
        """Count the rows of a version's predictions that were made in [since, until), UTC, and are kept."""
        table = joins.c
        own = (table.endpoint == endpoint) & (table.version == version)
        own &= (table.at_ns >= since_ns) & (table.at_ns < until_ns)
        with self._database.reading() as connection:
            found = connection.execute(select(func.sum(table.rows)).where(own)).scalar()
        return int(found or 0)

    def _joins(self, ids: Sequence[str], endpoint: str) -> list[JoinRecord]:
        found: list[JoinRecord] = []
        with self._database.reading() as connection:
            for start in range(0, len(ids), _IN_ONE_GO):
                own = joins.c.id.in_(ids[start : start + _IN_ONE_GO]) & (joins.c.endpoint == endpoint)
                query = select(joins).where(own).order_by(joins.c.id, joins.c.first)
                found += [JoinRecord(**row) for row in connection.execute(query).mappings()]
        return found


def _with(join: JoinRecord, parts: Sequence[ToldPart]) -> LabelledPrediction:
    """Give a join with the parts of its own rows: a request may have several joins."""
    return LabelledPrediction(
        join, tuple(part for part in parts if join.first <= part.row < join.first + join.rows)
    )
