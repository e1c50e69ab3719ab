"""One client's connection: its requests are answered one after the other; more that arrive wait here."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from hythe.base.errors import HytheError
from hythe.server.http.heads import HEADS, slow, write_head
from hythe.server.http.incoming import Incoming
from hythe.server.http.messages import Headers, Reply, error_reply
from hythe.server.http.request import Request

if TYPE_CHECKING:
    from hythe.server.http.http_server import HttpServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Handler(Protocol):
    """Answers requests by their `reply`, now or later."""

    def handle(self, request: Request) -> None:
        """Take a request."""
        ...

    @property
    def closing(self) -> bool:
        """Whether connections end with the reply under way."""
        ...


class Connection(asyncio.Protocol):
    """Reads requests within the server's limits, hands them over, and writes the replies in order."""

    __slots__ = (
        "_busy", "_discarded", "_discarding", "_handing", "_incoming", "_keep", "_queue", "_request",
        "_server", "_transport", "_write_paused", "since_s",
    )  # fmt: skip

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._incoming = Incoming(server, self)
        self._transport: Any = None
        self._queue: deque[tuple[Request | Reply, bool]] = deque()
        self._request: Request | None = None
        self._busy = self._discarding = self._write_paused = self._handing = False
        self._keep = True
        self._discarded = 0
        self.since_s = server.now()

    @property
    def reading(self) -> str:
        """The part of a request that is on its way: `head`, `body` or neither."""
        return self._incoming.reading

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = transport
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever works for this client that nobody listens any more."""
        del exc
        self._server.closed(self)
        self._incoming.let_go()
        if self._request is not None and self._request.on_lost is not None:
            self._request.on_lost()
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Read requests; what comes after the last one is only counted."""
        incoming = self._incoming
        if not incoming.over:
            incoming.feed(data)
            if incoming.reading == "body" and incoming.rests():
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._read_on)
            return
        self._discarded += len(data)
        if self._discarded > self._server.admits.body_bytes:
            self._transport.close()

    def _read_on(self) -> None:
        if not (self._write_paused or self._transport.is_closing()):
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        self._write_paused = True
        self.since_s = self._server.now()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._write_paused = False
        self._next()

    # What is read says.

    def take(self, request: Request, keep: bool) -> None:
        """Hand a request over, or have it wait for its turn; the connection ends after it unless `keep`."""
        self.since_s = self._server.now()
        if self._busy or self._queue or self._write_paused:
            self._queue.append((request, keep))
            if len(self._queue) >= self._server.limits.pipelined:
                self._transport.pause_reading()
            return
        self._hand_over(request, keep)

    def go_ahead(self) -> None:
        """Tell a client that waits for leave to send its body; not amid the replies to others."""
        if not self._busy:
            self._transport.write(_CONTINUE)

    def refuse(self, err: HytheError | Reply) -> None:
        """Answer what cannot be taken after the requests before it, and end."""
        if self._incoming.over:
            return
        self._incoming.let_go()
        reply = err if isinstance(err, Reply) else error_reply(err)
        self._server.refused(reply.status)
        if self._busy or self._queue:
            self._queue.append((reply, False))
        elif not self._transport.is_closing():
            self._end_with(reply)

    # What the server calls.

    def overdue(self, now: float) -> None:
        """Let go of a client that takes too long."""
        waited = now - self.since_s
        limits = self._server.limits
        if self._write_paused:
            if waited > limits.write_s:
                self._transport.abort()
        elif self._discarding:
            if waited > limits.discard_s:
                self._transport.close()
        elif self._busy:
            return
        elif self._incoming.reading == "body" and waited > limits.body_s:
            self.refuse(slow(f"the body did not arrive within {limits.body_s:g} s; send it faster"))
        elif self._incoming.in_head and waited > limits.head_s:
            self.refuse(slow(f"the head did not arrive within {limits.head_s:g} s; send it faster"))
        elif waited > limits.idle_s:
            self._transport.close()

    def close_idle(self) -> None:
        """End the connection unless a request is under way."""
        if not self._busy and not self._queue:
            self._transport.close()

    def _hand_over(self, request: Request, keep: bool) -> None:
        self._busy = True
        self._keep = keep
        self._request = request
        self._server.handler.handle(request)

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """Write the reply to the request under way, and go on to the next."""
        request, self._request = self._request, None
        if request is None or self._transport.is_closing():
            self._busy = False
            return
        closing = self._server.handler.closing
        ends = closing or not self._keep
        head = HEADS.get((status, headers, ends)) or write_head(status, headers, ends=ends)
        if request.method == "HEAD":
            self._transport.write(b"%b%b%d\r\n\r\n" % (head, self._server.dated, len(body)))
        else:
            self._transport.write(b"%b%b%d\r\n\r\n%b" % (head, self._server.dated, len(body), body))
        self._busy = False
        self.since_s = self._server.now()
        if ends:
            self._transport.close()
        elif self._queue and not self._handing:
            self._next()

    def _next(self) -> None:
        """Hand over what waits for its turn; a reply that comes at once does not call this again."""
        self._handing = True
        while self._queue and not (self._busy or self._write_paused or self._transport.is_closing()):
            waiting, keep = self._queue.popleft()
            if isinstance(waiting, Reply):
                self._end_with(waiting)
            else:
                self._hand_over(waiting, keep)
        self._handing = False
        if not self._queue and not self._write_paused:
            self._transport.resume_reading()

    def _end_with(self, reply: Reply) -> None:
        """Say the last; what is still sent is read on for a while, because closing at once would lose it."""
        head = write_head(reply.status, reply.headers, ends=True)
        self._transport.write(b"%b%b%d\r\n\r\n%b" % (head, self._server.dated, len(reply.body), reply.body))
        self._discarding = True
        self.since_s = self._server.now()
        if self._transport.can_write_eof():
            self._transport.write_eof()
