"""Hands records over to the process that writes the prediction log: one copy of each that has a row for it.

It goes through a ring, so that neither a slow nor a dead writer is waited for. Before each record stand the
number of the ring that it came from and where it ended there: a sidecar that begins anew reads some of them
again, and the writer knows them by that.
"""

from __future__ import annotations

import struct

from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.sample import drawn
from hythe.runtime.ring import Ring
from hythe.server.observing.losses import Losses

ORIGIN = struct.Struct("<QQ")
"""The number of a ring, and a position in it."""
REASON = "predictions"
"""The reason by which lost rows of the log are counted."""


class Handover:
    """Puts records with a call in the sample of `share` into `ring`; what finds no room is lost."""

    def __init__(self, ring: Ring, share: float, losses: Losses) -> None:
        self._ring = ring
        self._share = share
        self._losses = losses
        ring.end(ended=False)

    def take(self, origin: tuple[int, int], record: BatchRecord, data: memoryview) -> None:
        """Hand a record over, which is `data` in memory; `origin` is its ring's number and its end there."""
        if not (record.outputs or record.inputs):
            return
        rows = record.calls.chosen(drawn(record.calls.id, self._share)).n_rows
        if rows and not self._ring.put((ORIGIN.pack(*origin), data)):
            self._losses.add(REASON, rows)

    def finish(self) -> None:
        """Say that nothing more will come."""
        self._ring.end()
