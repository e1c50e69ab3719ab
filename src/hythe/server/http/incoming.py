"""What a connection sends: bytes to requests, within the server's limits.

HTTP/1.1 is parsed by llhttp (through httptools), which is what Node.js uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

from hythe.base.errors import HytheError, Malformed, TooLarge, Unavailable, Unsupported
from hythe.server.http.body import LARGE, LargeBody, whole
from hythe.server.http.heads import head_too_large, without_upgrade
from hythe.server.http.request import Request

if TYPE_CHECKING:
    from hythe.server.http.connection import Connection
    from hythe.server.http.http_server import HttpServer

_MOST_FRAMING = 8
"""A chunked body may take so many times its bytes on the wire, and a head more; one-byte chunks take 6."""
_TOO_MUCH_FRAMING = "the body has more framing than data; send larger chunks without extensions"


class Incoming:
    """Gives whole requests to its connection, or tells it what cannot be taken.

    `reading` is the part that is on its way: `head`, `body` or neither. Once it is `over`, because something
    was refused or the last request has come, nothing more is read.
    """

    __slots__ = (
        "_body", "_body_bytes", "_connection", "_head_bytes", "_headers", "_parser", "_server", "_target",
        "_wire_bytes", "over", "reading",
    )  # fmt: skip

    def __init__(self, server: HttpServer, connection: Connection) -> None:
        self._server = server
        self._connection = connection
        self._parser = httptools.HttpRequestParser(self)
        self._head_bytes = self._body_bytes = self._wire_bytes = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] | LargeBody = []
        self.reading = ""
        self.over = False

    @property
    def in_head(self) -> bool:
        """Whether part of a head has come, if only the line ends that may stand before one."""
        return self.reading == "head" or self._head_bytes > 0

    def feed(self, data: bytes) -> None:
        """Parse what has come."""
        most = self._server.limits.head_bytes
        if len(data) <= most or self.reading == "body":
            self._feed(data)
            return
        for start in range(0, len(data), most):  # so that a head beyond the limit is not parsed to its end
            self._feed(data[start : start + most])

    def rests(self) -> bool:
        """Tell whether so much of a large body has come at once that other connections are due."""
        return isinstance(self._body, LargeBody) and self._body.rests()

    def let_go(self) -> None:
        """Read no more, and keep nothing of what was read."""
        self.over = True
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        self._body = []

    def _feed(self, data: bytes) -> None:
        if self.over:
            return
        before, headers = self.reading, self._headers
        if before != "body":
            self._head_bytes += len(data)
        try:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as err:
                self._stay(data[err.args[0] :])
        except httptools.HttpParserError as err:
            self._refuse(Malformed(f"this is no HTTP/1.1 request: {err}; mend the client"))
        if self.reading == "head":
            self._watch_head()
        elif self.reading == before == "body" and headers is self._headers:
            self._watch_framing(len(data))

    def _stay(self, rest: bytes) -> None:
        """Read a request again whose offer to speak another protocol made the parser stop at its head."""
        while not self.over:
            method = self._parser.get_method()
            if method == b"CONNECT":
                self._refuse(Malformed("this server is no proxy; send GET or POST with a path"))
                return
            head = without_upgrade(method, self._target, self._parser.get_http_version(), self._headers)
            rest = head + rest
            self._parser = httptools.HttpRequestParser(self)
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as err:
                rest = rest[err.args[0] :]
            else:
                return

    def _watch_head(self) -> None:
        """Refuse a head that has grown too large before its end."""
        if not self._head_bytes:  # it began amid bytes that end another request
            self._head_bytes = self._head_size()
        if self._head_bytes > self._server.limits.head_bytes:
            self._connection.refuse(head_too_large(self._server.limits.head_bytes))

    def _watch_framing(self, size: int) -> None:
        """Refuse a body that is nearly all chunk sizes, extensions and trailers."""
        self._wire_bytes += size
        if self._wire_bytes > self._body_bytes * _MOST_FRAMING + self._server.limits.head_bytes:
            self._refuse(TooLarge(_TOO_MUCH_FRAMING))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._headers = {}
        self._target = b""
        self._body = []
        self.reading = "head"
        self._connection.since_s = self._server.now()

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
        if self.over:
            return
        # Body may have come with the head's last bytes, so a head that seems too large is measured itself.
        most = self._server.limits.head_bytes
        if self._head_bytes > most and self._head_size() > most:
            self._connection.refuse(head_too_large(most))
            return
        self._head_bytes = self._wire_bytes = 0
        self.reading = "body"
        headers = self._headers
        coding = headers.get(b"transfer-encoding")
        # Who reads another coding differently finds other requests in the same bytes.
        if coding is not None and coding.lower() != b"chunked":
            self._refuse(Unsupported(f"the transfer coding is {coding!r}; send chunked, or a length"))
            return
        length = headers.get(b"content-length")
        if length is not None and not self._expect(int(length)):
            return
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self._connection.go_ahead()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self.over:
            self._body.append(body)
            self._body_bytes += len(body)
            self._server.held_bytes += len(body)
            self._admit(self._body_bytes)

    def on_message_complete(self) -> None:
        """Hand the request over."""
        if self.over or self._parser.should_upgrade():  # the offer is taken off, and the request read again
            return
        self.reading = ""
        self._server.held_bytes -= self._body_bytes
        self._body_bytes = 0
        request = Request(
            self._parser.get_method().decode(),
            self._target.decode("latin-1"),
            self._headers,
            whole(self._body),
            self._server.admits,
            self._connection.reply,
        )
        keep = self._parser.should_keep_alive()
        self.over = not keep
        self._connection.take(request, keep)

    def _expect(self, length: int) -> bool:
        if not self._admit(length):
            return False
        if length >= LARGE:
            self._body = LargeBody(length)
        return True

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._headers.items())

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

    def _refuse(self, err: HytheError) -> None:
        self._connection.refuse(err)
