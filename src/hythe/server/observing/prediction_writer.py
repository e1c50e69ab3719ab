"""Writes the prediction log: takes records from a ring, makes Parquet files of them, and gives the room back.

A file's name says from where in the ring on it was written, and room is given back when all files stand. So
a writer that is killed, or a store that fails, has the same files written again, whole. With the room stays
noted how far the serving processes' records were written, so that those which a new sidecar hands over
again are known, by a new writer too: no row is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from hythe.base.clock import DAY_S, Clock, SystemClock
from hythe.base.errors import Corrupt, HytheError
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord, Layout
from hythe.operations.predictions.files import Part, forget
from hythe.operations.predictions.log import PredictionLog
from hythe.operations.predictions.store import Store
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.log import Log
from hythe.runtime.ring import Ring
from hythe.server.observing.handover import ORIGIN, REASON
from hythe.server.observing.losses import Losses

if TYPE_CHECKING:
    import pyarrow as pa

    from hythe.operations.predictions.table import Rows

FULL = 0.5
"""How full the ring may become before files are written early."""
POLL_S = 0.5
_FORGET_S = 3600.0
_AT_ONCE = 1000
"""How many records are read at a time: their requests take more room than their bytes in the ring."""
_LOG = Log("hythe.predictions")
FindRows: TypeAlias = "Callable[[str, str], Rows | None]"
"""Gives what makes tables of a version's records; None where the version is not known."""


@dataclass(slots=True)
class _Batch:
    """What is between two writings: tables by file, and how far each ring of a serving process has come."""

    positions: list[int]
    end: int
    tables: dict[Part, list[pa.Table]] = field(default_factory=dict)
    lost: int = 0


class PredictionWriter:
    """Writes what the ring at `descriptor` holds into `store`, when it is time or the ring is half full."""

    def __init__(
        self,
        descriptor: int,
        config: PredictionLog,
        store: Store,
        find: FindRows,
        losses: Losses,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._descriptor = descriptor
        self._ring = Ring(descriptor)
        self._config = config
        self._store = store
        self._find = find
        self._losses = losses
        self._clock = clock or SystemClock()
        self._since: float | None = None
        self._forget_at = 0.0
        self._again_at = 0.0
        self._waits = _patience()
        self._refused = self._ending = False

    def step(self) -> None:
        """Write if it is time for that, and remove what is too old."""
        now = self._clock.monotonic_s()
        if not self._ring.used:
            self._since = None
        elif self._since is None:
            self._since = now
        due = self._since is not None and now >= self._since + self._config.write_s
        if (due or self._ring.used > FULL * self._ring.capacity) and now >= self._again_at:
            self.write()
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_S
            self._forget()

    def finish(self) -> bool:
        """Write what is left once nothing more will come; False until all of it is written.

        A store that is gone is tried at once, and then after longer and longer waits, as ever.
        """
        if not self._ring.ended:
            return False
        if not self._ending:
            self._ending, self._again_at, self._waits = True, 0.0, _patience()
        return not self._ring.used or (self._clock.monotonic_s() >= self._again_at and self.write())

    def write(self) -> bool:
        """Write all that is there; False when the store did not take it, and then it stays in the ring."""
        ring = self._ring = Ring(self._descriptor)
        start, batch = ring.tail, self._taken(ring)
        try:
            for part, tables in batch.tables.items():
                self._store.write(f"{part.folder}/{ring.id}-{start:016x}.parquet", _parquet(tables))
        except HytheError as err:
            self._again_at = self._clock.monotonic_s() + self._waits.died(lived_s=0.0)
            if not self._refused:
                _LOG.error("predictions wait for their store", reason=str(err))
            self._refused = True
            return False
        if self._refused:
            _LOG.info("the store takes predictions again")
        self._losses.add(REASON, batch.lost)
        self._since, self._refused, self._waits = None, False, _patience()
        ring.release(batch.end, batch.positions)
        return True

    def _taken(self, ring: Ring) -> _Batch:
        """Make tables of all records that are in the ring."""
        batch, read = _Batch(ring.marks, ring.tail), RecordReader()
        records = self._records(ring, read, batch)
        while some := list(islice(records, _AT_ONCE)):
            for (layout, day), alike in _alike(some).items():
                self._add(batch, Part(layout.endpoint, day, layout.version), alike)
        return batch

    def _records(self, ring: Ring, read: RecordReader, batch: _Batch) -> Iterator[BatchRecord]:
        """Give each record that was not seen before."""
        try:
            for end, data in ring.take():
                batch.end = end
                number, position = ORIGIN.unpack_from(data)
                if position > batch.positions[number]:
                    batch.positions[number] = position
                    yield read(data[ORIGIN.size :])
        except Corrupt as err:
            _LOG.error("a record of predictions cannot be read", reason=str(err))
            batch.lost, batch.end = batch.lost + 1, ring.head

    def _add(self, batch: _Batch, part: Part, records: list[BatchRecord]) -> None:
        rows = self._find(part.endpoint, part.version)
        try:
            table = None if rows is None else rows.table(records)
        except Exception:  # noqa: BLE001 - whatever a value was, other predictions are written
            _LOG.exception("predictions cannot be written as rows")
            rows = table = None
        if rows is None:
            batch.lost += sum([record.rows for record in records])
        elif table is not None:
            batch.tables.setdefault(part, []).append(table)

    def _forget(self) -> None:
        try:
            forget(self._store, self._config.days, self._clock.now())
        except HytheError as err:
            _LOG.warning("old days of the prediction log stay for now", reason=str(err))


def _patience() -> Restarts:
    return Restarts(Backoff(first_s=1.0, most_s=30.0))


def _alike(records: list[BatchRecord]) -> Mapping[tuple[Layout, int], list[BatchRecord]]:
    """Sort records by their layout and day."""
    found: dict[tuple[Layout, int], list[BatchRecord]] = {}
    for record in records:
        found.setdefault((record.layout, record.at_ns // (DAY_S * 10**9)), []).append(record)
    return found


def _parquet(tables: list[pa.Table]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    whole = pa.concat_tables(tables, promote_options="permissive")
    pq.write_table(whole, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written
