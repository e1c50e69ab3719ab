"""The HTTP server of one process: accepts connections, keeps their time, and ends without cutting one off."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from hythe.base.errors import Invalid, Unavailable
from hythe.dataplane.admit import Limits
from hythe.dataplane.faults import FAULTS
from hythe.runtime.listener import BACKLOG
from hythe.server.http.connection import Connection, Handler

_SWEEP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What a client may take: seconds for each step, bytes, connections.

    `head_s` and `body_s` are for all of a head or body to arrive, `idle_s` for the next request, `write_s`
    for a client to read its reply. `held_bytes` bounds the bodies that are being read at one time.
    """

    head_bytes: int = 64 * 2**10
    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    write_s: float = 30.0
    discard_s: float = 1.0
    held_bytes: int = 256 * 2**20
    connections: int = 10_000
    pipelined: int = 16

    def __post_init__(self) -> None:
        numbers = (self.head_bytes, self.held_bytes, self.connections, self.pipelined)
        seconds = (self.head_s, self.body_s, self.idle_s, self.write_s, self.discard_s)
        if min(numbers) < 1 or min(seconds) <= 0:
            raise Invalid(f"the HTTP limits are {self}; give 1 or more, and more than 0 seconds")


class HttpServer:
    """Serves a handler on a listening socket that other processes may share."""

    def __init__(
        self,
        handler: Handler,
        door: socket.socket,
        *,
        admits: Limits | None = None,
        limits: HttpLimits | None = None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.handler = handler
        self.admits = admits or Limits()
        self.limits = limits or HttpLimits()
        self.now = now
        self.held_bytes = 0
        self.dated = _dated()
        self._door = door
        self._tls = tls
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._emptied = asyncio.Event()
        self._emptied.set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()
        self._door.setblocking(False)
        self._server = await loop.create_server(
            lambda: Connection(self), sock=self._door, ssl=self._tls, backlog=BACKLOG
        )
        self._sweep()

    def turn_away(self) -> None:
        """Accept no more connections; those that wait stay for the other holders of the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def stop(self, patience_s: float = 5.0) -> None:
        """End idle connections, and the others when they have had their replies."""
        self.turn_away()
        for connection in list(self._connections):
            connection.close_idle()
        try:
            async with asyncio.timeout(patience_s):
                await self._emptied.wait()
        except TimeoutError:
            pass
        finally:
            if self._sweeping is not None:
                self._sweeping.cancel()

    def opened(self, connection: Connection) -> None:
        """Note a new connection; beyond the limit, the one that has been idle longest makes room."""
        self._connections.add(connection)
        self._emptied.clear()
        if len(self._connections) > self.limits.connections:
            oldest = min(self._connections, key=lambda item: item.since_s)
            oldest.close_idle()

    def closed(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._emptied.set()

    def refused(self, status: int) -> None:
        """Note a request that was refused before it was whole; where that is our fault the log says so."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            FAULTS.tell(
                Unavailable(
                    f"a request was refused with {status} while {self.held_bytes} bytes were being read"
                )
            )

    def _sweep(self) -> None:
        now = self.now()
        self.dated = _dated()
        for connection in list(self._connections):
            connection.overdue(now)
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)


def _dated() -> bytes:
    """Write the part of every reply's head that changes with the second."""
    return f"date: {formatdate(usegmt=True)}\r\ncontent-length: ".encode()
