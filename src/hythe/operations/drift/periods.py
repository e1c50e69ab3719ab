"""Which period each row belongs to, told by a column of time stamps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column
from hythe.operations.drift.cells import moments_of, numbers_of, plain

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PERIODS = 10_000
_FARTHEST_S = 2**36
"""Seconds from 1970 to beyond the year 4000: what is larger counts milliseconds."""
WHOLE = 0
"""The start of the one period of rows that are not told apart."""


class Whole:
    """All rows are one period; no column tells their time."""

    undated = 0
    column = ""

    def split(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Give the batch as it is."""
        if batch.num_rows:
            yield WHOLE, batch


class Periods:
    """Tells periods of `period_s` seconds apart, aligned to UTC, by the time in `column`.

    Times are timestamps, dates, text in RFC 3339, or seconds since 1970; without a zone they are UTC.
    `undated` counts the rows that have none.

    >>> import pyarrow as pa
    >>> periods = Periods("at", 60)
    >>> [(start, rows.num_rows) for start, rows in periods.split(pa.record_batch({"at": [5, 61, 62, None]}))]
    [(0, 1), (60, 2)]
    >>> periods.undated
    1
    """

    def __init__(self, column: str, period_s: int) -> None:
        if period_s < 1:
            raise Invalid(f"a period of {period_s} s is too short; give 1s or more, such as 1h")
        self.column, self._period_s = column, period_s
        self._seen: set[int] = set()
        self.undated = 0

    def split(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Give the rows of each period with its first second; rows in order of time are not copied.

        Raises:
            Invalid: when a time cannot be read, or there are more than `MOST_PERIODS` periods.

        """
        if self.column not in batch.schema.names:
            self.undated += batch.num_rows
            return
        starts, dated = self._starts(batch.column(self.column))
        self.undated += int(len(dated) - dated.sum())
        if not dated.all():
            batch, starts = batch.filter(_mask(dated)), starts[dated]
        if np.any(starts[1:] < starts[:-1]):
            order = np.argsort(starts, kind="stable")
            batch, starts = batch.take(order), starts[order]
        self._note(np.unique(starts))
        edges = [0, *(np.flatnonzero(np.diff(starts)) + 1).tolist(), len(starts)]
        for first, last in pairwise(edges):
            if last > first:
                yield int(starts[first]), batch.slice(first, last - first)

    def _starts(self, values: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give each row's period, and which rows have a time."""
        seconds = self._seconds(values)
        dated = np.isfinite(seconds)
        whole = np.floor(np.where(dated, seconds, 0.0) / self._period_s).astype(np.int64)
        return whole * self._period_s, dated

    def _seconds(self, values: pa.Array) -> NDArray[np.float64]:
        import pyarrow as pa

        values = plain(values)
        if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
            read, unreadable = numbers_of(values)
            per_second = 1.0
        else:
            read, unreadable = moments_of(values, Column(self.column, "timestamp", unit="us"))
            read, per_second = read.cast(pa.int64()), 1e6
        if unreadable:
            wrong = next(a for a, b in zip(values, read, strict=True) if a.is_valid and not b.is_valid)
            raise Invalid(f"column {self.column!r} holds {wrong!s}, which is no time; write RFC 3339")
        found: NDArray[np.float64] = read.to_numpy(zero_copy_only=False).astype(np.float64) / per_second
        if np.nanmax(np.abs(found), initial=0.0) > _FARTHEST_S:
            raise Invalid(
                f"column {self.column!r} holds {np.nanmax(np.abs(found)):.0f}, which is no time in seconds "
                "since 1970; divide milliseconds by 1000, or write RFC 3339"
            )
        return found

    def _note(self, starts: NDArray[np.int64]) -> None:
        self._seen.update(starts.tolist())
        if len(self._seen) > MOST_PERIODS:
            raise Invalid(
                f"the rows lie in more than {MOST_PERIODS:,} periods of {self._period_s} s; "
                "give longer ones with --period"
            )


def _mask(chosen: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    return pa.array(chosen)
