"""The RSGI application: finds the door, counts what is in flight, turns errors into replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hythe.base.errors import HytheError
from hythe.base.ids import uuid7
from hythe.dataplane.admit import Limits
from hythe.runtime.log import Log
from hythe.server.http.messages import Reply, Request, error_reply, unexpected_reply
from hythe.server.http.router import Door, Router
from hythe.server.http.state import State

_LOG = Log("hythe.server")
_GOODBYE = ("connection", "close")


class App:
    """All doors of one worker; Granian calls `__rsgi__` for each request."""

    def __init__(self, doors: Sequence[Door], limits: Limits, state: State) -> None:
        self._router = Router([route for door in doors for route in door.routes()])
        self._limits = limits
        self._idle = asyncio.Event()
        self._idle.set()
        self.in_flight = 0
        self.state = state

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            proto.close(404)
            return
        self.in_flight += 1
        self._idle.clear()
        try:
            reply = await self._reply(Request(scope, proto, self._limits))
            headers = (*reply.headers, _GOODBYE) if self.state.draining else reply.headers
            proto.response_bytes(reply.status, headers, reply.body)
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()

    async def _reply(self, request: Request) -> Reply:
        try:
            handler, parameters = self._router.find(request.method, request.path)
            return await handler(request, *parameters)
        except HytheError as err:
            return error_reply(err)
        except Exception:  # noqa: BLE001 - what nobody expected: the client hears a sentence, the log the rest
            incident = str(uuid7())
            _LOG.exception("unexpected error", incident=incident, method=request.method, path=request.path)
            return unexpected_reply(incident)
