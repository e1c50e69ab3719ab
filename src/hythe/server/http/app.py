"""The application: finds the door, says who asks, counts what is in flight, turns errors into replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from hythe.base.errors import HytheError, Invalid
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.gate import Gate
from hythe.dataplane.turned_away import TurnedAway
from hythe.monitor.records.call import Call
from hythe.runtime.fingerprints import InFlight, fingerprint
from hythe.server.http.messages import Reply, error_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Door, Router
from hythe.server.http.state import State

_DOOR = "http"
_MOST_PATH = 256


class App:
    """All doors of one worker.

    Without a `gate` anybody may ask. `in_flight`, where given, writes down which requests are inside, and
    `turned_away` who came to no endpoint.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        state: State,
        gate: Gate | None = None,
        in_flight: InFlight | None = None,
        turned_away: TurnedAway | None = None,
    ) -> None:
        self._router = Router([route for door in doors for route in door.routes()])
        self._gate = gate
        self._written = in_flight
        self._turned_away = turned_away
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        self.state = state

    @property
    def closing(self) -> bool:
        """Whether connections end with the reply under way."""
        return self.state.draining

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()

    def handle(self, request: Request) -> None:
        """Answer one request, now or later."""
        self.in_flight += 1
        if self.in_flight == 1:
            self._idle.clear()
        try:
            route, parameters = self._router.find(request.method, request.target)
            if not route.open:
                self._let_in(request)
            if route.instant:
                route.handler(self, request, *parameters)
            else:
                self.begin(request, route.handler, *parameters)
        except Exception as err:  # noqa: BLE001 - every request gets a reply
            self._fail(request, err)

    def reply(self, request: Request, reply: Reply, fault: HytheError | None = None) -> None:
        """Send a reply, which tells of a `fault` or of none; a request has one."""
        self.done(request)
        request.reply(reply.status, reply.headers, reply.body)
        if request.ticket is not None:
            request.ticket.replied(reply.status, len(reply.body), fault)
        else:
            FAULTS.tell_once(fault, request.path)
            if fault is not None and self._turned_away is not None:
                self._note(self._turned_away, request, reply, fault)

    def done(self, request: Request) -> None:
        """Note that a request is over; its reply may still be on its way."""
        if request.in_flight >= 0 and self._written is not None:
            self._written.leave(request.in_flight)
            request.in_flight = -1
        # Who answers holds the request: a circle that only the garbage collector would end.
        request.on_lost = None
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    def _let_in(self, request: Request) -> None:
        """Say who asks, and refuse what has killed two processes already."""
        raw = request.raw
        if self._gate is not None:
            shown = raw.get(b"authorization", raw.get(b"x-api-key"))
            request.caller = self._gate.identify(None if shown is None else shown.decode("latin-1"))
        if self._written is not None and request.buffer:
            mark = fingerprint(request.buffer)
            if self._written.refuses(mark):
                raise Invalid("this request was inside two processes when they died; it is not tried again")
            request.in_flight = self._written.enter(mark)

    def begin(self, request: Request, handler: Any, *parameters: str) -> None:
        """Have a coroutine answer; it is cancelled when the client goes away."""
        task = asyncio.get_running_loop().create_task(self._answer(request, handler, parameters))
        request.on_lost = task.cancel
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Request, handler: Any, parameters: Sequence[str]) -> None:
        try:
            reply = await handler(request, *parameters)
        except asyncio.CancelledError:
            self.done(request)
            raise
        except Exception as err:  # noqa: BLE001 - every request gets a reply
            self._fail(request, err)
        else:
            self.reply(request, reply)

    @staticmethod
    def _note(turned_away: TurnedAway, request: Request, reply: Reply, fault: HytheError) -> None:
        call = Call(
            "",
            0,
            duration_s=time.monotonic() - request.arrived_s,
            caller=request.caller.name,
            door=_DOOR,
            status=reply.status,
            bytes_in=len(request.buffer),
            bytes_out=len(reply.body),
            trace=request.trace,
            path=request.path[:_MOST_PATH],
        )
        turned_away.note(fault, call)

    def _fail(self, request: Request, err: Exception) -> None:
        fault = FAULTS.spoken(err)
        self.reply(request, error_reply(fault), fault)
