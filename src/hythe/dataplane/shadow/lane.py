"""One shadow in one process: copies wait until nobody else does, and are answered together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Container, Sequence
from copy import copy as twin
from functools import cached_property
from typing import Any, NamedTuple

from hythe.base.errors import Busy
from hythe.bundle.outcome import Answers
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.loop import Alarm, Loop
from hythe.dataplane.observe import Observer
from hythe.dataplane.shadow.against import Against
from hythe.dataplane.shadow.room import ROOM, Room
from hythe.dataplane.shadow.ticket import ShadowTicket, chosen
from hythe.dataplane.shadow.worst import Worst
from hythe.dataplane.ticket import Ticket
from hythe.rollout.plan import Shadow
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.batcher import Batcher
from hythe.runtime.job import Job
from hythe.runtime.sink import Ran

GATHER_S = 0.2
"""Copies wait so long for company unless they are many: a call for several costs little more than for one."""
_NEXT_S = 0.005
"""Copies that found no place in a call wait so long for the next, so that others have their turn between."""
_RETRY_S = 0.05
MOST_WAIT_S = 1.0
"""A copy that found no quiet moment for so long is dropped."""
_CALL_ROWS, _MANY = 64, 32
_POLICY = BatchPolicy(loop_ms=0.2)
"""A call of the shadow that would hold the loop up for longer goes beside it."""


class Around(NamedTuple):
    """What a lane needs of its process; `clock` is monotonic."""

    observer: Observer
    loop: Loop
    clock: Callable[[], float] = time.monotonic
    room: Room = ROOM


class Lane:
    """Hands copies to the shadow `live`, and tells the observer how its answers differ.

    A copy is dropped when rows wait for its champion or for the shadow, when there is no room for it, and
    when the `arms` and the shadow have not been idle for too long. All is for the event loop's thread.
    """

    def __init__(
        self,
        shadow: Shadow,
        live: LiveVersion,
        arms: Sequence[LiveVersion],
        around: Around,
        *,
        revision: int = 0,
        timeout_s: float = 60.0,
    ) -> None:
        self.live = live
        self._version = live.spec.version
        self._share = shadow.share
        self._around = around
        self._revision = revision
        self._timeout_s = timeout_s
        self._others = (*(arm.batcher for arm in arms), live.batcher)
        worst = Worst()
        self._against = {
            arm.spec.version: Against(arm, live, shadow.margin, worst) for arm in arms if arm is not live
        }
        self._waiting: deque[ShadowTicket] = deque()
        self._alarm: Alarm | None = None
        self._hurries = False

    def copy(self, champion: LiveVersion, ran: Ran, failures: Container[int]) -> None:
        """Take copies of those requests of a call that are in the sample; they are answered later."""
        picked = chosen(ran, failures, self._share, self._revision)
        if picked and champion.spec.version in self._against:
            self._take(champion, ran.outcome.answers, picked)

    @cached_property
    def _batcher(self) -> Batcher:
        """Begin with what warming up told of the calls, and learn apart from then on.

        Copies that are answered beside the loop take longer than callers' rows on it: a shadow that becomes
        an arm must not begin with what its copies cost.
        """
        cost = twin(self.live.batcher.cost)
        around = self._around
        return Batcher(self.live.session, self, around.loop, _POLICY, around.clock, cost=cost)

    def close(self) -> None:
        """Drop what waits; what is being answered will still be compared."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._drop(list(self._waiting))
        self._waiting.clear()

    def _take(self, champion: LiveVersion, answers: Answers, picked: Sequence[tuple[Ticket, int]]) -> None:
        around = self._around
        crowded = bool(champion.batcher.waiting_rows or self.live.batcher.waiting_rows)
        for ticket, start in picked:
            if crowded or not around.room.enter(ticket.rows, ticket.weight):
                around.observer.dropped(self._version, 1)
                continue
            stop = start + ticket.rows
            # A view would hold on to the answers of the whole call.
            own = {name: array[start:stop].copy() for name, array in answers.items()}
            copy = ShadowTicket(ticket, champion, own)
            copy.queued_s = around.clock()
            self._waiting.append(copy)
        if len(self._waiting) >= _MANY and not self._hurries:
            self._hurries = True
            self._again(_NEXT_S)
        elif self._waiting and self._alarm is None:
            self._again(GATHER_S)

    def _go(self) -> None:
        """Ask the shadow if nobody else wants a processor, else see who waited too long."""
        self._alarm, self._hurries = None, False
        quiet = self._batcher.idle and all(batcher.idle for batcher in self._others)
        if quiet:
            self._ask()
        else:
            since_s = self._around.clock() - MOST_WAIT_S
            late = [copy for copy in self._waiting if copy.queued_s <= since_s]
            self._drop(late)
            for _ in late:
                self._waiting.popleft()
        if self._waiting:
            self._again(_NEXT_S if quiet else _RETRY_S)

    def _again(self, seconds: float) -> None:
        """Look after the copies that wait in so many seconds."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._around.loop.later(seconds, self._go)

    def _ask(self) -> None:
        """Ask for the answers to the first copies that may share a call."""
        copies = [self._waiting.popleft()]
        kind, rows = copies[0].kind, copies[0].rows
        while self._waiting and self._waiting[0].kind == kind:
            rows += self._waiting[0].rows
            if rows > _CALL_ROWS:
                break
            copies.append(self._waiting.popleft())
        self.live.copies += len(copies)
        deadline_s = self._around.clock() + self._timeout_s
        try:
            rewrite = self._of(copies).rewrite
            for copy in copies:
                copy.batch, copy.deadline_s = rewrite(copy.batch), deadline_s
        except Exception as err:  # noqa: BLE001 - rows that cannot be brought to it are the shadow's failure
            self.failed(copies, err)
        else:
            self._batcher.call(copies)

    def _of(self, copies: Sequence[ShadowTicket]) -> Against:
        return self._against[copies[0].champion.spec.version]

    # What the batcher tells.

    def answered(self, ran: Ran) -> None:
        """Compare the answers, and tell of each copy."""
        copies: Any = ran.jobs
        try:
            compared = self._of(copies).answered(copies, ran)
        except Exception as err:  # noqa: BLE001 - answers that cannot be compared are the shadow's failure
            self.failed(copies, err)
        else:
            self._end(copies)
            self._around.observer.copied(self._version, compared.calls, compared.told, ran)

    def failed(self, jobs: Sequence[Job], err: Exception) -> None:
        """Tell of copies that have no answer; those that found the shadow too busy are dropped."""
        copies: Any = jobs
        self._end(copies)
        observer = self._around.observer
        if isinstance(err, Busy) and self.live.session.ready:
            observer.dropped(self._version, len(copies))
            return
        fault = FAULTS.spoken(err, observer.endpoint, self._version)
        FAULTS.tell(fault, endpoint=observer.endpoint, version=self._version)
        compared = self._of(copies).failed(copies, self._around.clock(), fault)
        observer.copied(self._version, compared.calls, compared.told)

    def waiting(self, rows: int) -> None:
        """Hear how many rows wait; none do, as each call begins at once."""

    def _end(self, copies: Sequence[ShadowTicket]) -> None:
        self.live.copies -= len(copies)
        for copy in copies:
            self._around.room.leave(copy.rows, copy.weight)

    def _drop(self, copies: Sequence[ShadowTicket]) -> None:
        for copy in copies:
            self._around.room.leave(copy.rows, copy.weight)
        if copies:
            self._around.observer.dropped(self._version, len(copies))
