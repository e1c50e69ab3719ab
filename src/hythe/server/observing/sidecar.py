"""The sidecar's turn: take, count, deliver now and then, and give the rings their room back after that."""

from __future__ import annotations

import time
from collections.abc import Callable

from hythe.base.clock import HOUR_S, MINUTE_S, Clock, SystemClock
from hythe.base.errors import HytheError
from hythe.runtime.counters import Counters
from hythe.runtime.log import Log
from hythe.runtime.server_metrics import WINDOWS_WAITING
from hythe.server.observing.intake import Intake
from hythe.server.observing.outbox import Outbox

POLL_S = 0.2
_HURRY_S = 0.05
_CROWDED, _PRESSED = 0.25, 0.5
"""How full a ring may become before a delivery is made early, and before its room is given back whatever."""
_GONE_S = 10
"""Seconds between deliveries while the catalog is gone."""
_TIDY_S = 10
_MOST_WINDOWS = 500
INTERVALS_S = (1, 2, 5)
"""Seconds between deliveries; windows are as long, and so fit into a minute."""
_SPARING = 100
"""A delivery takes no more than one part in so many of the time to the next, where that can be had."""
_LOG = Log("hythe.sidecar")


class Sidecar:
    """Moves observations from `intake` to `outbox`, or nowhere without one.

    While the catalog takes them, `match` is called after each delivery, and again as long as it says that
    there is more to do; `tidy` now and then, and sooner where it says that there is more.

    A delivery follows after one second, or after up to five where much is to be counted, so that counting
    takes little of the processor; after one in any case where there is a `hurry`.
    """

    def __init__(  # noqa: PLR0913 - what it moves, and what else it does meanwhile
        self,
        intake: Intake,
        outbox: Outbox | None,
        counters: Counters,
        *,
        match: Callable[[], bool] = lambda: False,
        tidy: Callable[[int], bool] = lambda _now: False,
        hurry: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
        busy_s: Callable[[], float] = time.process_time,
    ) -> None:
        self._intake = intake
        self._hurry = hurry
        self._busy_s = busy_s
        self._interval_s = INTERVALS_S[0]
        self._outbox = outbox
        self._match = match
        self._more = False
        self._tidy = tidy
        self._clock = clock or SystemClock()
        self._gauge = counters.gauge(WINDOWS_WAITING.name)
        self._shown = 0
        self._resumed = outbox is None
        self._delivered: dict[str, int] = {}
        self._delivered_at = 0
        self._tidied_at = 0
        self._tidy_more = False

    def step(self) -> float:
        """Take one turn; give the seconds until the next."""
        if not self._resumed:
            self._resumed = self._outbox is not None and self._outbox.resume(self._intake.rings)
            if not self._resumed:
                return 1.0
        self._intake.poll()
        if self._outbox is None:
            self._release(self._intake.hand_on().positions)
        else:
            self._bring(self._outbox)
        return POLL_S if self._intake.fill < _CROWDED / 2 else _HURRY_S

    def finish(self) -> None:
        """Take what is left and deliver it, wherever it finds room."""
        self.step()
        self._intake.finish()
        if self._outbox is not None and self._resumed:
            self._hand_on(self._outbox)
            self._settle(self._outbox)

    def _bring(self, outbox: Outbox) -> None:
        now, began_s = int(self._clock.now().timestamp()), self._busy_s()
        interval_s = INTERVALS_S[0] if self._hurry() else self._interval_s
        due = now >= self._delivered_at + (_GONE_S if outbox.gone else interval_s) or now < self._delivered_at
        if due or self._intake.fill > _CROWDED:
            self._delivered_at = now
            if outbox.full:
                self._coarsen()
            else:
                self._intake.period_s = interval_s
                self._hand_on(outbox)
        self._settle(outbox)
        if (due or self._more) and not outbox.gone:
            self._more = bool(self._look_after(self._match))
        if due:
            self._interval_s = _interval_s(self._busy_s() - began_s)
        if now >= self._tidied_at + (1 if self._tidy_more else _TIDY_S) and not outbox.gone:
            self._tidied_at = now
            self._tidy_more = bool(self._look_after(lambda: self._tidy(now)))

    def _hand_on(self, outbox: Outbox) -> None:
        if outbox.gone:
            self._intake.coarsen(MINUTE_S)
        gathered = self._intake.hand_on()
        positions = gathered.positions
        if positions == self._delivered:
            return
        for ring in self._intake.rings:
            if ring.id in positions:
                ring.claim(positions[ring.id], outbox.sequence)
        outbox.deliver(gathered)
        self._delivered = positions

    def _settle(self, outbox: Outbox) -> None:
        if outbox.settle():
            self._release(self._delivered)
        elif self._intake.fill > _PRESSED:
            # A crash would lose what is held in memory; what the rings cannot take is lost for sure.
            self._release(self._intake.gathered.positions)
        waiting = outbox.waiting + self._intake.waiting
        self._gauge.add(waiting - self._shown)
        self._shown = waiting

    def _coarsen(self) -> None:
        self._intake.coarsen(MINUTE_S)
        if len(self._intake.gathered.windows) > _MOST_WINDOWS:
            self._intake.coarsen(HOUR_S)

    def _release(self, positions: dict[str, int]) -> None:
        for ring in self._intake.rings:
            if positions.get(ring.id, 0) > ring.tail:
                ring.release(positions[ring.id])

    @staticmethod
    def _look_after(work: Callable[[], object]) -> object:
        try:
            return work()
        except HytheError as err:
            _LOG.warning("what is stored stays as it is for now", reason=str(err))
            return None


def _interval_s(busy_s: float) -> int:
    """Choose the seconds to the next delivery by what one took of the processor."""
    wanted_s = _SPARING * busy_s
    return next((seconds for seconds in INTERVALS_S if seconds >= wanted_s), INTERVALS_S[-1])
