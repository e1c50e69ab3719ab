"""What a version does with requests whose rows it has answered before, or is answering now."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hythe.base.errors import HytheError, Invalid
from hythe.bundle.outcome import Answers
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.flights import Flight, Flights
from hythe.dataplane.loop import Loop
from hythe.dataplane.observe import Observer
from hythe.dataplane.ticket import Answered, Ticket
from hythe.monitor.records.call import CACHED, DEGRADED
from hythe.rollout.plan import CacheOptions
from hythe.runtime.cache import Cache
from hythe.runtime.input_key import input_key
from hythe.runtime.sink import Ran

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion

MOST_ROWS = 1000
"""A request of more rows passes by: equal ones are rare, and telling would hold up the others."""


class AnswerCache:
    """One version's answers in one process; every method is for the event loop's thread.

    It finds and keeps nothing before `use` says how. What waits is bounded as the queue is.
    """

    def __init__(
        self,
        live: LiveVersion,
        observer: Observer,
        loop: Loop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._version = live.spec.version
        self._observer = observer
        self._clock = clock
        self._flights = Flights(loop, lambda: live.batcher.limits, clock, put=live.put, fail=live.fail)
        self._options: CacheOptions | None = None
        self._store: Cache | None = None
        self._counted = 0
        self._gauge = observer.cache_bytes(self._version)

    @property
    def idle(self) -> bool:
        """Whether nobody waits for an equal request."""
        return not self._flights

    def use(self, options: CacheOptions | None) -> None:
        """Go by other options from now on, with nothing stored; None keeps nothing and finds nothing."""
        if options == self._options:
            return
        self._options = options
        self._store = None if options is None else _store(options, self._clock)
        self._count()

    def took(self, ticket: Ticket) -> bool:
        """Answer a ticket, or let it wait for an equal one; false when the model has to be asked."""
        if self._store is None or self._flights.leads(ticket):
            return False
        key, fed = self._key(ticket)
        if key is None:
            return False
        stored = self._store.get(key)
        if stored is None:
            self._count()  # one that was found too old is gone
            return self._flights.joined(key, ticket, fed)
        self._answer(ticket, fed, stored)
        return True

    def took_stale(self, ticket: Ticket) -> bool:
        """Answer a ticket that found no answer elsewhere, and mark it; false when nothing is stored."""
        if self._store is None:
            return False
        key, fed = self._key(ticket)
        stored = None if key is None else self._store.get(key, stale=True)
        if stored is None:
            return False
        ticket.flags |= DEGRADED
        self._answer(ticket, fed, stored)
        return True

    def ran(self, ran: Ran) -> None:
        """Keep the answers of those who led, and hand them to those who waited."""
        if self.idle:
            return
        start = 0
        for job in ran.jobs:
            flight = self._flights.led_by(job)
            if flight is not None:
                self._land(flight, ran, start, start + job.rows)
            start += job.rows

    def failed(self, ticket: Ticket, err: HytheError) -> None:
        """Let the next of those who wait try, unless the model refuses these rows: then it refuses theirs."""
        flight = self._flights.led_by(ticket)
        if flight is None:
            return
        if isinstance(err, Invalid):
            self._refuse(flight, err)
        else:
            self._flights.again(flight)

    def _key(self, ticket: Ticket) -> tuple[bytes | None, Any]:
        """Give the key of a ticket's rows, and what the model is fed for them; None when they have none."""
        if ticket.rows > MOST_ROWS:
            return None, None
        try:
            fed = self._live.session.feed(ticket.batch)
            return input_key(fed), fed
        except Exception:  # noqa: BLE001 - the model is fed again, and says what is wrong
            return None, None

    def _land(self, flight: Flight, ran: Ran, start: int, stop: int) -> None:
        if ran.outcome.refused[start:stop].any():
            self._refuse(flight, self._live.refusal(ran, start, stop))
            return
        answers = {name: array[start:stop] for name, array in ran.outcome.answers.items()}
        if self._store is not None:
            self._store.put(flight.key, answers)
            self._count()
        for ticket, fed in self._flights.end(flight):
            self._answer(ticket, fed, answers)

    def _refuse(self, flight: Flight, err: HytheError) -> None:
        for ticket, _ in self._flights.end(flight):
            self._live.fail(ticket, err)

    def _answer(self, ticket: Ticket, fed: Any, answers: Answers) -> None:
        ticket.flags |= CACHED
        try:
            ticket.answered(Answered(self._live, answers), 0)
        except Exception as err:  # noqa: BLE001 - an answer that cannot be written must not cost the others
            ticket.flags &= ~CACHED
            fault = FAULTS.spoken(err, self._observer.endpoint, self._version)
            ticket.refused(fault)
            self._observer.failed(ticket, self._version, fault)
        else:
            self._observer.hit(ticket, self._version, self._live.seen(fed, [ticket]), answers)

    def _count(self) -> None:
        """Keep the gauge of stored bytes."""
        held = 0 if self._store is None else self._store.bytes
        self._gauge.add(held - self._counted)
        self._counted = held


def _store(options: CacheOptions, clock: Callable[[], float]) -> Cache:
    return Cache(ttl_s=options.ttl_s, max_bytes=options.max_bytes, stale_s=options.stale_s, now=clock)
