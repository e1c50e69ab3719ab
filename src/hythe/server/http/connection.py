"""One client's connection: bytes to requests, replies to bytes.

HTTP/1.1 is parsed by llhttp (through httptools), which is what Node.js uses. Requests of a connection are
answered one after the other; more that arrive meanwhile wait here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import httptools

from hythe.base.errors import HytheError, Malformed, TooLarge, Unavailable, Unsupported
from hythe.server.http.body import LARGE, LargeBody, whole
from hythe.server.http.heads import HEADS, head_too_large, slow, without_upgrade, write_head
from hythe.server.http.messages import Headers, Reply, error_reply
from hythe.server.http.request import Request

if TYPE_CHECKING:
    from hythe.server.http.http_server import HttpServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MOST_FRAMING = 8
"""A chunked body may take so many times its bytes on the wire, and a head more; one-byte chunks take 6."""


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
        "_body", "_body_bytes", "_busy", "_discarding", "_handing", "_head_bytes", "_headers", "_keep",
        "_over", "_parser", "_queue", "_request", "_server", "_target", "_transport", "_wire_bytes",
        "_write_paused", "reading", "since_s",
    )  # fmt: skip

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._queue: deque[tuple[Request | Reply, bool]] = deque()
        self._request: Request | None = None
        self._busy = self._discarding = self._write_paused = self._handing = False
        self._over = False
        self._keep = True
        self._head_bytes = self._body_bytes = self._wire_bytes = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] | LargeBody = []
        self.reading = ""
        self.since_s = server.now()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = transport
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever works for this client that nobody listens any more."""
        del exc
        self._server.closed(self)
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        if self._request is not None and self._request.on_lost is not None:
            self._request.on_lost()
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        most = self._server.limits.head_bytes
        if len(data) <= most or self.reading == "body":
            self._feed(data)
            return
        for start in range(0, len(data), most):  # so that a head beyond the limit is not parsed to its end
            self._feed(data[start : start + most])

    def _feed(self, data: bytes) -> None:
        if self._over:
            self._discard(len(data))
            return
        before, headers = self.reading, self._headers
        if before != "body":
            self._head_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as err:
            self._refuse(Malformed(f"this is no HTTP/1.1 request: {err}; mend the client"))
        if self.reading == "head":
            self._watch_head()
        elif self.reading == before == "body" and headers is self._headers:
            self._watch_framing(len(data))

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as err:
                if self._over:
                    return
                method = self._parser.get_method()
                if method == b"CONNECT":
                    self._refuse(Malformed("this server is no proxy; send GET or POST with a path"))
                    return
                head = without_upgrade(method, self._target, self._parser.get_http_version(), self._headers)
                data = head + data[err.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            else:
                return

    def _watch_head(self) -> None:
        """Refuse a head that has grown too large before its end."""
        if not self._head_bytes:  # it began amid bytes that end another request
            self._head_bytes = self._head_size()
        if self._head_bytes > self._server.limits.head_bytes:
            self._refuse(head_too_large(self._server.limits.head_bytes))

    def _watch_framing(self, size: int) -> None:
        """Refuse a body that is nearly all chunk sizes, extensions and trailers."""
        self._wire_bytes += size
        most = self._body_bytes * _MOST_FRAMING + self._server.limits.head_bytes
        if self._wire_bytes > most:
            self._refuse(
                TooLarge("the body has more framing than data; send larger chunks without extensions")
            )

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        self._write_paused = True
        self.since_s = self._server.now()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._write_paused = False
        self._next()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._headers = {}
        self._target = b""
        self._body = []
        self.reading = "head"
        self.since_s = self._server.now()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer, which comes after the body, could only contradict one."""
        if self.reading == "body":
            return
        name = name.lower()
        headers = self._headers
        headers[name] = value if name not in headers else b"%b, %b" % (headers[name], value)

    def on_headers_complete(self) -> None:
        """See whether the body may come."""
        if self._over:
            return
        # Body may have come with the head's last bytes, so a head that seems too large is measured itself.
        most = self._server.limits.head_bytes
        if self._head_bytes > most and self._head_size() > most:
            self._refuse(head_too_large(most))
            return
        self._head_bytes = self._wire_bytes = 0
        self.reading = "body"
        coding = self._headers.get(b"transfer-encoding")
        if (
            coding is not None and coding.lower() != b"chunked"
        ):  # who reads another differently, hides requests
            self._refuse(Unsupported(f"the transfer coding is {coding!r}; send chunked, or a length"))
            return
        length = self._headers.get(b"content-length")
        if length is not None:
            if not self._admit(int(length)):
                return
            if int(length) >= LARGE:
                self._body = LargeBody(int(length))
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and not self._busy:
            self._transport.write(_CONTINUE)

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._headers.items())

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self._over:
            self._body.append(body)
            self._body_bytes += len(body)
            self._server.held_bytes += len(body)
            self._admit(self._body_bytes)

    def on_message_complete(self) -> None:
        """Hand the request over, or have it wait for its turn."""
        if self._over or self._parser.should_upgrade():
            return
        self.reading = ""
        self.since_s = self._server.now()
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        request = Request(
            self._parser.get_method().decode(),
            self._target.decode("latin-1"),
            self._headers,
            whole(self._body),
            self._server.admits,
            self._reply,
        )
        keep = self._parser.should_keep_alive()
        self._over = not keep
        if self._busy or self._queue or self._write_paused:
            self._queue.append((request, keep))
            if len(self._queue) >= self._server.limits.pipelined:
                self._transport.pause_reading()
            return
        self._hand_over(request, keep)

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
        elif self.reading == "body" and waited > limits.body_s:
            self._refuse(slow(f"the body did not arrive within {limits.body_s:g} s; send it faster"))
        elif (self.reading == "head" or self._head_bytes) and waited > limits.head_s:
            self._refuse(slow(f"the head did not arrive within {limits.head_s:g} s; send it faster"))
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

    def _reply(self, status: int, headers: Headers, body: bytes) -> None:
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

    def _admit(self, size: int) -> bool:
        limits = self._server.limits
        try:
            self._server.admits.admit_bytes(size)
        except TooLarge as err:
            self._refuse(err)
            return False
        if self._server.held_bytes + size > limits.held_bytes:
            self._refuse(Unavailable(f"bodies of {limits.held_bytes} bytes are being read; try again later"))
            return False
        return True

    def _refuse(self, err: HytheError | Reply) -> None:
        """Answer what cannot be taken after the requests before it, and end."""
        if self._over:
            return
        self._over = True
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        self._body = []
        reply = err if isinstance(err, Reply) else error_reply(err)
        self._server.refused(reply.status)
        if self._busy or self._queue:
            self._queue.append((reply, False))
        elif not self._transport.is_closing():
            self._end_with(reply)

    def _end_with(self, reply: Reply) -> None:
        """Say the last; what is still sent is read on for a while, because closing at once would lose it."""
        head = write_head(reply.status, reply.headers, ends=True)
        self._transport.write(b"%b%b%d\r\n\r\n%b" % (head, self._server.dated, len(reply.body), reply.body))
        self._discarding = True
        self.since_s = self._server.now()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._server.admits.body_bytes:
            self._transport.close()
