"""What is noted of every request: an id, a count of its outcome, and how long it took."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hythe.base.errors import CallerError, HytheError
from hythe.bundle.misfit import Misfit
from hythe.bundle.rows import Array
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.meter import Meter
from hythe.dataplane.record import Later, Recorder
from hythe.dataplane.ticket import Ticket
from hythe.monitor.records.call import RESCUED, Call
from hythe.monitor.records.record import Difference, Reply
from hythe.runtime.counters import Counter, Counters
from hythe.runtime.ring import Ring
from hythe.runtime.sink import Ran


class Ids:
    """Makes prediction ids: UUIDv7 (RFC 9562), some hundred to one draw of entropy.

    >>> ids = Ids(now_ms=lambda: 0x017F22E279B0, entropy=bytes)
    >>> ids.next()
    '017f22e2-79b0-7000-8000-000000000000'
    """

    def __init__(
        self,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now_ms = now_ms
        self._entropy = entropy
        self._pool = ""
        self._position = 0
        self._ms = -1
        self._prefix = ""

    def next(self) -> str:
        """Make one id."""
        now = self._now_ms()
        if now != self._ms:
            text = f"{now & 0xFFFFFFFFFFFF:012x}"
            self._ms, self._prefix = now, f"{text[:8]}-{text[8:]}-7"
        start = self._position
        if start + 19 > len(self._pool):
            self._pool, start = self._entropy(4096).hex(), 0
        self._position = start + 19
        draw = self._pool[start : start + 19]
        variant = "89ab"[int(draw[3], 16) & 3]
        return f"{self._prefix}{draw[:3]}-{variant}{draw[4:7]}-{draw[7:19]}"


class Observer:
    """Counts the requests of one endpoint, and hands them to the process beside where there is one.

    With `later`, those of small batches go together (`hythe.dataplane.pool`) until it is closed.
    """

    def __init__(
        self, endpoint: str, counters: Counters, ring: Ring | None = None, *, later: Later | None = None
    ) -> None:
        self.endpoint = endpoint
        self._meter = Meter(counters, endpoint)
        self._ring = ring
        self._later = later
        self._recorders: dict[str, Recorder] = {}
        self._in_flight = self._meter.in_flight

    def entered(self) -> None:
        """Note that a request has come; another call tells once what became of it."""
        self._in_flight.add(1.0)
        if self._ring is not None:
            self._ring.enter()

    def close(self) -> None:
        """Hand over what waits."""
        for recorder in self._recorders.values():
            recorder.flush()

    def ran(
        self, version: str, ran: Ran, fed: Mapping[str, Array], failures: Mapping[int, Exception]
    ) -> None:
        """Note a run of the model and every request in it; `failures` are by place in `ran.jobs`."""
        runs = self._meter.runs(version)
        runs.rows.add(ran.rows)
        if ran.calls:
            for one in ran.calls:
                runs.batches.observe(one.rows)
                runs.inference.observe(one.seconds)
        else:
            runs.batches.observe(ran.rows)
            runs.inference.observe(ran.seconds)
        queued = runs.queue.observe
        now, at_ns, started_s = time.monotonic(), time.time_ns(), ran.started_s
        calls, taken_s = [], []
        tickets: Sequence[Any] = ran.jobs
        for place, ticket in enumerate(tickets):
            queue_s = started_s - ticket.queued_s
            queued(queue_s)
            call = _call(ticket, queue_s, now - ticket.started_s)
            calls.append(call)
            if failures and place in failures:
                _blame(call, failures[place])
                self._count(version, call)
                self.tell(failures[place], ticket, version)
            else:
                taken_s.append(call.duration_s)
                if call.flags:
                    self._meter.flagged(version, call.flags)
        if taken_s:
            counter, durations = self._meter.outcome(version, "answered")
            counter.add(len(taken_s))
            for seconds in taken_s:
                durations.observe(seconds)
        self._in_flight.add(-len(calls))
        if self._ring is not None:
            refused = ran.outcome.refused if failures else None
            self._recorder(self._ring, version).batch(
                calls,
                fed,
                ran.outcome.answers,
                refused,
                inference_s=ran.seconds,
                encode_s=now - started_s - ran.seconds,
                at_ns=at_ns,
            )

    def copied(self, version: str, calls: list[Call], told: list[Difference], ran: Ran | None = None) -> None:
        """Note what a shadow did with copies of requests, and what it answered otherwise.

        `ran` is its call of the model, None where that failed. No copy is a request of anybody's.
        """
        for call in calls:
            self._meter.copies(version, call.outcome).add()
        if ran is not None:
            runs = self._meter.runs(version)
            runs.batches.observe(ran.rows)
            runs.inference.observe(ran.seconds)
        if self._ring is not None:
            inference_s = None if ran is None else ran.seconds
            self._recorder(self._ring, version).copies(
                calls, told, inference_s=inference_s, at_ns=time.time_ns()
            )

    def dropped(self, version: str, copies: int) -> None:
        """Note copies for which a shadow had no room or no time."""
        self._meter.copies(version, "dropped").add(copies)

    def cache_bytes(self, version: str) -> Counter:
        """Give the gauge of the bytes of one version's stored answers."""
        return self._meter.cache_bytes(version)

    def queue_rows(self, version: str) -> Counter:
        """Give the gauge of the rows that wait for one version."""
        return self._meter.queue_rows(version)

    def hit(
        self, ticket: Ticket, version: str, fed: Mapping[str, Array], answers: Mapping[str, Array]
    ) -> None:
        """Note a request that was answered as an equal one was; it counts, but no call of the model does."""
        call = _call(ticket, 0.0, time.monotonic() - ticket.started_s)
        self._meter.flagged(version, call.flags)
        self._meter.runs(version).rows.add(call.rows)
        self._count(version, call)
        self._in_flight.add(-1.0)
        if self._ring is not None:
            self._recorder(self._ring, version).batch(
                [call], fed, answers, inference_s=None, at_ns=time.time_ns()
            )

    def failed(self, ticket: Ticket, version: str, err: BaseException | None) -> None:
        """Note a request that got no answer from a model; without an error, one that a constant answered."""
        now = time.monotonic()
        call = _call(ticket, 0.0, now - ticket.started_s)
        if err is not None:
            _blame(call, err)
            self.tell(err, ticket, version)
        self._count(version, call)
        if call.flags:
            self._meter.flagged(version, call.flags)
        self._in_flight.add(-1.0)
        fault = err.fault if isinstance(err, Misfit) else None
        if fault is not None:
            self._meter.row_faults(version, fault.kind).add()
        if self._ring is not None:
            self._recorder(self._ring, version).alone(call, at_ns=time.time_ns(), fault=fault)

    def rescued(self, ticket: Ticket, version: str, err: HytheError, share: float) -> None:
        """Note that a version, drawn with this share of the traffic, failed a request that then went on.

        It is no request of its own: what becomes of it elsewhere is noted there.
        """
        self.tell(err, ticket, version)
        self._meter.flagged(version, RESCUED)
        if self._ring is not None:
            call = _call(ticket, 0.0, time.monotonic() - ticket.started_s)
            _blame(call, err)
            call.rows, call.share, call.flags = 0, share, RESCUED
            self._recorder(self._ring, version).alone(call, at_ns=time.time_ns())

    def replied(self, ticket: Ticket, status: int, bytes_out: int) -> None:
        """Note that a door has written the reply to a ticket that has the flag `LATER`."""
        if self._ring is not None:
            reply = Reply(ticket.id, status, bytes_out, time.monotonic() - ticket.started_s)
            self._recorder(self._ring, "").reply(reply, at_ns=time.time_ns())

    def tell(self, err: BaseException, ticket: Ticket, version: str) -> None:
        """Have the log say that a request failed by the server's fault."""
        if isinstance(err, HytheError):
            FAULTS.tell(err, ticket, endpoint=self.endpoint, version=version)

    def _recorder(self, ring: Ring, version: str) -> Recorder:
        found = self._recorders.get(version)
        if found is None:
            found = self._recorders[version] = Recorder(ring, self.endpoint, version, later=self._later)
        return found

    def _count(self, version: str, call: Call) -> None:
        counter, durations = self._meter.outcome(version, call.outcome, call.reason)
        counter.add()
        durations.observe(call.duration_s)


def _call(ticket: Ticket, queue_s: float, duration_s: float) -> Call:
    ask = ticket.ask
    return Call(
        ticket.id, ticket.rows, "answered", "", duration_s, queue_s, ticket.share, ticket.key,
        ask.caller.name, ask.door, ticket.status, ticket.bytes_in, ticket.bytes_out, ask.trace, ticket.flags,
        0, "", ticket.revision,
    )  # fmt: skip


def _blame(call: Call, err: BaseException) -> None:
    call.outcome = "refused" if isinstance(err, CallerError) else "failed"
    unknown = "cancelled" if isinstance(err, asyncio.CancelledError) else "internal"
    call.reason = err.code if isinstance(err, HytheError) else unknown
