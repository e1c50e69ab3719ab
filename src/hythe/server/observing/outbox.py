"""Brings what was observed to the catalog, each delivery once; while that is gone, to the local disk."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import HytheError
from hythe.operations.differences import stored_difference
from hythe.operations.windows import stored, stored_join, stored_outcome
from hythe.registry.windows import Delivery, Observations, Observed
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.log import Log
from hythe.runtime.ring import Ring
from hythe.server.observing.gathered import Gathered
from hythe.server.observing.spool import Spool

MOST_HELD = 8
"""How many deliveries wait in memory at most, when neither catalog nor disk takes them."""
_LONGEST_S = 0.5
_LOG = Log("hythe.sidecar")


class Outbox:
    """Delivers for one `server`, which is named by the id of its first ring."""

    def __init__(
        self,
        observations: Observations,
        spool: Spool,
        server: str,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._observations = observations
        self._spool = spool
        self._server = server
        self._clock = clock or SystemClock()
        self._held: list[Delivery] = []
        self._spooled: list[int] = []
        """How many windows each delivery in the spool has; one of feedback alone has none."""
        self._stored = 0
        self._sequence = 0
        self._waits = Restarts(Backoff(first_s=1.0, most_s=15.0))
        self._again_at = 0.0
        self.gone = False

    @property
    def waiting(self) -> int:
        """How many windows are not in the catalog yet."""
        return sum(self._spooled) + sum(len(delivery.windows) for delivery in self._held)

    @property
    def full(self) -> bool:
        """Whether no more deliveries should be made for now."""
        return len(self._held) >= MOST_HELD

    @property
    def sequence(self) -> int:
        """The number that the next delivery gets."""
        return self._sequence + 1

    def resume(self, rings: Sequence[Ring]) -> bool:
        """Find where the sidecar before this one stopped, and have the rings go on there.

        False when that cannot be told before the catalog answers: the last delivery may be stored or not.
        """
        spooled = list(self._spool.read())
        last = spooled[-1] if spooled else None
        note = max(ring.note for ring in rings)
        told = last.sequence if last is not None else 0
        try:
            known = self._observations.observed(self._server)
        except HytheError as err:
            self._lost(err)
            if told < note and any(ring.claimed > ring.tail for ring in rings):
                return False
            known = Observed()
        for ring in rings:
            in_spool = last.positions.get(ring.id, 0) if last is not None else 0
            ring.release(max(ring.tail, known.positions.get(ring.id, 0), in_spool))
        self._sequence = max(note, told, known.sequence)
        self._spooled = [len(delivery.windows) for delivery in spooled]
        return True

    def deliver(self, gathered: Gathered) -> None:
        """Take what was gathered since the last delivery; `settle` brings it away."""
        self._sequence += 1
        self._held.append(
            Delivery(
                self._server,
                self._sequence,
                int(self._clock.now().timestamp()),
                gathered.positions,
                tuple(stored(window) for window in gathered.windows),
                tuple(stored_join(join) for join in gathered.joins),
                differences=tuple(stored_difference(worst) for worst in gathered.differences),
                feedback=tuple(gathered.feedback),
                outcomes=tuple(stored_outcome(outcome) for outcome in gathered.outcomes),
            )
        )

    def settle(self) -> bool:
        """Bring away what waits; true when a crash now would lose nothing of it."""
        if self._clock.monotonic_s() >= self._again_at and (self._held or self._spooled):
            self._to_catalog()
        while self._held and self._spool.append(self._held[0]):
            self._spooled.append(len(self._held.pop(0).windows))
        return not self._held

    def adopt(self, abandoned: Sequence[Spool]) -> None:
        """Deliver what servers left behind that are gone."""
        for spool in abandoned:
            try:
                for delivery in spool.read():
                    self._observations.store(delivery)
                spool.clear()
            except (HytheError, OSError) as err:
                self._lost(err)
            finally:
                spool.close()

    def _to_catalog(self) -> None:
        try:
            if self._spooled and not self._empty_spool():
                return
            while self._held:
                self._observations.store(self._held[0])
                del self._held[0]
        except (HytheError, OSError) as err:
            self._lost(err)
            return
        if self.gone:
            _LOG.info("the catalog answers again; all windows are stored")
        self.gone, self._waits = False, Restarts(Backoff(first_s=1.0, most_s=15.0))

    def _empty_spool(self) -> bool:
        """Deliver what is on the disk; false when it takes so long that the rings have to be seen to."""
        until = self._clock.monotonic_s() + _LONGEST_S
        for delivery in self._spool.read():
            if self._clock.monotonic_s() > until:
                return False
            if delivery.sequence > self._stored:
                self._observations.store(delivery)
                self._stored = delivery.sequence
        self._spool.clear()
        self._spooled = []
        return True

    def _lost(self, err: HytheError | OSError) -> None:
        if not self.gone:
            _LOG.error("the catalog does not take windows; they wait", reason=str(err))
        self.gone = True
        self._again_at = self._clock.monotonic_s() + self._waits.died(lived_s=0.0)
