"""Reads, beside what a model is fed, the features that its input does not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from hythe.bundle.rows import Array
from hythe.bundle.schema import Schema
from hythe.monitor.records.observing import CODES, NUMBERS, TIMES, Observing
from hythe.runtime.batch import Batch
from hythe.runtime.feeder import Feeder

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = {"s": 10**6, "ms": 10**3, "us": 1}
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Observed:
    """Gives the arrays `seen_numbers`, `seen_codes` and `seen_times` of a batch, those that there are.

    `fields` maps column names to the attributes of row objects.
    """

    def __init__(self, observing: Observing, schema: Schema, fields: Mapping[str, str]) -> None:
        self._feeder = Feeder(observing.feed, fields)
        self._feeds = bool(observing.feed.numbers or observing.feed.codes)
        columns = {column.name: column for column in schema.columns}
        self._times = [columns[name] for name in observing.times]
        self._moments = [(attrgetter(fields.get(c.name, c.name)), c.unit) for c in self._times]

    def __bool__(self) -> bool:
        """Whether anything has to be read at all."""
        return self._feeds or bool(self._times)

    def __call__(self, batch: Batch) -> dict[str, Array]:
        """Read a batch of row objects or an Arrow table; tensors tell everything themselves."""
        found: dict[str, Array] = {}
        if isinstance(batch, Mapping):
            return found
        if self._feeds:
            feeder = self._feeder
            fed = feeder.from_objects(batch) if isinstance(batch, list) else feeder.from_rows(batch)
            found = {name: fed[key] for key, name in (("numbers", NUMBERS), ("codes", CODES)) if key in fed}
        if self._times:
            found[TIMES] = self._of_objects(batch) if isinstance(batch, list) else self._of_table(batch)
        return found

    def _of_objects(self, rows: Sequence[Any]) -> Array:
        return np.array([[_seconds(get(row), unit) for get, unit in self._moments] for row in rows])

    def _of_table(self, table: pa.Table) -> Array:
        from hythe.bundle.summary import column_numbers

        seconds = np.empty((table.num_rows, len(self._times)))
        for place, column in enumerate(self._times):
            values, missing = column_numbers(table.column(column.name), column)
            seconds[:, place] = np.where(missing, np.nan, values)
        return seconds


def _seconds(moment: datetime | None, unit: str) -> float:
    """Give seconds since 1970, rounded as the baseline's are: whole units over the units of a second."""
    if moment is None:
        return float("nan")
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    microseconds = (aware - _EPOCH) // _MICROSECOND
    whole = microseconds * 1000 if unit == "ns" else microseconds // _MICROSECONDS[unit]
    return float(whole) / _PER_SECOND[unit]
