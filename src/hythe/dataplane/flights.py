"""Single flight: of equal requests one is inside the model, and the others wait for what becomes of it.

The first request leads, equal ones follow it, each with its own deadline. A leader that gets no answer takes
nobody with it: the next of those who wait leads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from hythe.base.errors import Cancelled, HytheError, TimedOut
from hythe.dataplane.loop import Alarm, Loop
from hythe.dataplane.ticket import Ticket
from hythe.runtime.batch_policy import QueueLimits


class _Wait(NamedTuple):
    fed: Any
    alarm: Alarm | None


class Flight:
    """The requests that wait for an equal one, in the order in which they came."""

    __slots__ = ("key", "waiting")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.waiting: dict[Ticket, _Wait] = {}


class Flights:
    """All flights of one version in one process; every method is for the event loop's thread.

    `put` sends a ticket to the model and `fail` tells it why there is no answer. What waits is bounded by
    what `limits` says then. `clock` is monotonic.
    """

    def __init__(
        self,
        loop: Loop,
        limits: Callable[[], QueueLimits],
        clock: Callable[[], float],
        *,
        put: Callable[[Ticket], None],
        fail: Callable[[Ticket, HytheError], None],
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._clock = clock
        self._put = put
        self._fail = fail
        self._flights: dict[bytes, Flight] = {}
        self._led: dict[Any, Flight] = {}
        self._rows = self._bytes = 0

    def __len__(self) -> int:
        return len(self._flights)

    def leads(self, ticket: Ticket) -> bool:
        """Tell whether others wait, or would wait, for this ticket."""
        return ticket in self._led

    def joined(self, key: bytes, ticket: Ticket, fed: Any) -> bool:
        """Let a ticket wait for an equal one; false when it is the first and leads, or finds no room.

        `fed` is given back with the ticket when its wait ends well.
        """
        flight = self._flights.get(key)
        if flight is None:
            self._flights[key] = self._led[ticket] = Flight(key)
            return False
        limits = self._limits()
        if self._rows + ticket.rows > limits.rows or self._bytes + ticket.weight > limits.bytes:
            return False
        alarm = None
        if ticket.deadline_s < math.inf:
            patience_s = max(0.0, ticket.deadline_s - self._clock())
            alarm = self._loop.later(patience_s, partial(self._late, flight, ticket))
        flight.waiting[ticket] = _Wait(fed, alarm)
        self._rows += ticket.rows
        self._bytes += ticket.weight
        return True

    def led_by(self, job: Any) -> Flight | None:
        """Take the flight that a job led, which has come out of the model; None when it led none."""
        return self._led.pop(job, None)

    def end(self, flight: Flight) -> Iterator[tuple[Ticket, Any]]:
        """Give those who waited, each with what it was fed; those who went away hear so."""
        del self._flights[flight.key]
        for ticket in list(flight.waiting):
            fed = self._leave(flight, ticket)
            if ticket.cancelled:
                self._fail(ticket, _gone())
            else:
                yield ticket, fed

    def again(self, flight: Flight) -> None:
        """Let the next of those who wait lead."""
        if flight.waiting:
            # Not at once: it may fail as soon as it is put, and so may all that follow.
            self._loop.soon(partial(self._next, flight))
        else:
            del self._flights[flight.key]

    def _next(self, flight: Flight) -> None:
        for ticket in list(flight.waiting):
            self._leave(flight, ticket)
            if not ticket.cancelled:
                self._led[ticket] = flight
                self._put(ticket)
                return
            self._fail(ticket, _gone())
        del self._flights[flight.key]

    def _leave(self, flight: Flight, ticket: Ticket) -> Any:
        fed, alarm = flight.waiting.pop(ticket)
        if alarm is not None:
            alarm.cancel()
        self._rows -= ticket.rows
        self._bytes -= ticket.weight
        return fed

    def _late(self, flight: Flight, ticket: Ticket) -> None:
        self._leave(flight, ticket)
        self._fail(
            ticket, TimedOut("the time given was over before an equal request had its answer; give more")
        )


def _gone() -> Cancelled:
    return Cancelled("the client went away before the answer")
