"""One client's connection: bytes to requests, replies to bytes.

HTTP/1.1 is parsed by llhttp (through httptools), which is what Node.js uses. Requests of a connection are
answered one after the other; more that arrive meanwhile wait here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import httptools

from hythe.base.errors import HytheError, Malformed, TooLarge, Unavailable
from hythe.server.http.messages import Headers, Reply, error_reply
from hythe.server.http.request import Request

if TYPE_CHECKING:
    from hythe.server.http.http_server import HttpServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MOST_HEADS = 512
_HEADS: dict[tuple[int, Headers, bool], bytes] = {}


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
        "_body", "_body_bytes", "_busy", "_discarding", "_head_bytes", "_headers", "_keep", "_parser",
        "_queue", "_refused", "_request", "_server", "_target", "_transport", "_write_paused", "reading",
        "since_s",
    )  # fmt: skip

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._queue: deque[tuple[Request, bool]] = deque()
        self._request: Request | None = None
        self._busy = self._discarding = self._write_paused = False
        self._refused = False
        self._keep = True
        self._head_bytes = self._body_bytes = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
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
        for request in [self._request, *(request for request, _ in self._queue)]:
            if request is not None and request.on_lost is not None:
                request.on_lost()
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self._discarding:
            self._discard(len(data))
            return
        if self.reading != "body":
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(Malformed("this server speaks HTTP/1.1 and nothing else; do not ask to upgrade"))
        except httptools.HttpParserError as err:
            if not self._refused:
                self._refuse(Malformed(f"this is no HTTP/1.1 request: {err}; mend the client"))

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        self._write_paused = True
        self.since_s = self._server.now()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._write_paused = False
        self._transport.resume_reading()

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
        """Take a header."""
        name = name.lower()
        headers = self._headers
        headers[name] = value if name not in headers else b"%b, %b" % (headers[name], value)

    def on_headers_complete(self) -> None:
        """See whether the body may come."""
        # Body may have come with the head's last bytes, so a head that seems too large is measured itself.
        most = self._server.limits.head_bytes
        if self._head_bytes > most and self._head_size() > most:
            self._refuse(TooLarge(f"the head has more than {most} bytes"))
            return
        self._head_bytes = 0
        self.reading = "body"
        length = self._headers.get(b"content-length")
        if length is not None and not self._admit(int(length)):
            return
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and not self._busy:
            self._transport.write(_CONTINUE)

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._headers.items())

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self._refused:
            self._body.append(body)
            self._body_bytes += len(body)
            self._server.held_bytes += len(body)
            self._admit(self._body_bytes)

    def on_message_complete(self) -> None:
        """Hand the request over, or have it wait for its turn."""
        if self._refused:
            return
        self.reading = ""
        self.since_s = self._server.now()
        body = self._body
        whole = body[0] if len(body) == 1 else b"".join(body)
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        request = Request(
            self._parser.get_method().decode(),
            self._target.decode("latin-1"),
            self._headers,
            whole,
            self._server.admits,
            self._reply,
        )
        keep = self._parser.should_keep_alive()
        if self._busy:
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
            self._refuse(_slow(f"the body did not arrive within {limits.body_s:g} s; send it faster"))
        elif (self.reading == "head" or self._head_bytes) and waited > limits.head_s:
            self._refuse(_slow(f"the head did not arrive within {limits.head_s:g} s; send it faster"))
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
        head = _HEADS.get((status, headers, ends)) or _head(status, headers, ends=ends)
        if request.method == "HEAD":
            self._transport.write(b"%b%b%d\r\n\r\n" % (head, self._server.dated, len(body)))
        else:
            self._transport.write(b"%b%b%d\r\n\r\n%b" % (head, self._server.dated, len(body), body))
        self._busy = False
        self.since_s = self._server.now()
        if ends:
            self._transport.close()
        elif self._queue:
            waiting, keep = self._queue.popleft()
            if not self._queue and not self._write_paused:
                self._transport.resume_reading()
            self._hand_over(waiting, keep)

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
        """Answer what cannot be taken, and end; what is still sent is read on, or the reply would be lost."""
        self._refused = True
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        self._body = []
        if self._busy or self._transport.is_closing():  # a reply out of turn would be taken for another's
            self._transport.close()
            return
        reply = err if isinstance(err, Reply) else error_reply(err)
        head = _head(reply.status, reply.headers, ends=True)
        self._transport.write(b"%b%b%d\r\n\r\n%b" % (head, self._server.dated, len(reply.body), reply.body))
        self._server.refused(reply.status)
        self._discarding = True
        self.since_s = self._server.now()
        if b"expect" in self._headers or self.reading != "body":  # nothing more is on its way
            self._transport.close()

    def _discard(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._server.admits.body_bytes:
            self._transport.close()


def _head(status: int, headers: Headers, *, ends: bool) -> bytes:
    """Write the status line and the headers; those of the common replies are kept."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if ends:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n").encode("latin-1")
    if len(_HEADS) < _MOST_HEADS:
        _HEADS[status, headers, ends] = head
    return head


def _slow(sentence: str) -> Reply:
    from hythe.server.http.messages import json_reply

    return json_reply({"error": sentence, "code": "timed_out"}, HTTPStatus.REQUEST_TIMEOUT)
