"""What goes in and out of a door: a request with a bounded body, a reply of bytes, and errors as replies."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import msgspec

from hythe.base.errors import Busy, CallerError, HytheError, TooLarge, Unauthenticated, Unavailable
from hythe.dataplane.admit import Limits
from hythe.server.http.encodings import BITS, compress, inflate, offered

Headers: TypeAlias = tuple[tuple[str, str], ...]

JSON: Headers = (("content-type", "application/json"),)
TEXT: Headers = (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)

STATUS: dict[str, int] = {
    "invalid": 422,
    "malformed": 400,
    "too_large": 413,
    "not_found": 404,
    "conflict": 409,
    "unauthenticated": 401,
    "denied": 403,
    "untrusted": 403,
    "unsupported": 400,
    "method_not_allowed": 405,
    "media_type": 415,
    "busy": 429,
    "unavailable": 503,
    "timed_out": 504,
    "corrupt": 500,
    "internal": 500,
}
"""The HTTP status of every word code."""
LARGE = 16 * 2**10
"""A reply of fewer bytes is sent as it is: compressing it costs more time than it saves."""
_OFF_LOOP = 2**18
"""More bytes than this are compressed in a thread; zlib lets other Python code run meanwhile."""
_DISCARD_S = 1.0
_JSON_TYPES = {"", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json"}
"""What is read as JSON: JSON itself, and what clients send that do not say (curl says it is a form)."""


class WrongMethod(CallerError):
    """The path exists, and does not take this method."""

    code = "method_not_allowed"


class WrongMedia(CallerError):
    """The body is of a kind that this door does not read."""

    code = "media_type"


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A finished answer."""

    body: bytes
    status: int = 200
    headers: Headers = JSON


class Request:
    """One HTTP request on its way through a door."""

    __slots__ = ("_limits", "_proto", "_scope", "headers", "method", "path")

    def __init__(self, scope: Any, proto: Any, limits: Limits) -> None:
        self._scope = scope
        self._proto = proto
        self._limits = limits
        self.method: str = scope.method
        self.path: str = scope.path
        self.headers = scope.headers

    @property
    def content_type(self) -> str:
        """What the body is, in lower case and without parameters; "" where the client does not say."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    @property
    def limits(self) -> Limits:
        """What a request may hold."""
        return self._limits

    async def body(self) -> bytes:
        """Read the body, counting its bytes.

        Raises:
            TooLarge: as soon as it is known to be beyond the limit.

        """
        length = self.headers.get("content-length")
        if length is not None and int(length) <= self._limits.body_bytes:
            whole: bytes = await self._proto()
            return whole
        pieces, size = [], 0
        arriving = self._pieces()
        try:
            if length is not None:
                self._limits.admit_bytes(int(length))
            async for piece in arriving:
                size += len(piece)
                self._limits.admit_bytes(size)
                pieces.append(piece)
        except TooLarge:
            await self._discard(arriving)
            raise
        return b"".join(pieces)

    async def content(self) -> bytes:
        """Read the body and take gzip or deflate off it.

        Raises:
            WrongMedia: when it is compressed otherwise.
            Malformed: when it is not what its `Content-Encoding` says.
            TooLarge: when it is beyond the limit, before or after decompressing.

        """
        encoding = self.headers.get("content-encoding")
        if encoding is None:
            return await self.body()
        word = encoding.strip().lower()
        if word == "identity":
            return await self.body()
        if word not in BITS:
            raise WrongMedia(f"the body is compressed by {word!r}; send gzip, deflate, or the body as it is")
        body = await self.body()
        if len(body) < _OFF_LOOP:
            return inflate(body, word, self._limits)
        return await asyncio.to_thread(inflate, body, word, self._limits)

    async def _pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; Granian lets it be iterated only once."""
        async for piece in self._proto:
            yield piece

    async def _discard(self, arriving: AsyncIterator[bytes]) -> None:
        """Read on for a while: a connection closed on a client that still sends loses the reply to it."""
        if self.headers.get("expect") is not None:  # it waits for our word before it sends
            return
        left = self._limits.body_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_S):
                async for piece in arriving:
                    left -= len(piece)
                    if left < 0:
                        return

    async def json_body(self) -> bytes:
        """Read a body that is JSON.

        Raises:
            WrongMedia: when it says that it is something else, or is compressed in an unknown way.
            Malformed, TooLarge: as `content` does.

        """
        kind = self.content_type
        if kind not in _JSON_TYPES and not kind.endswith("+json"):
            raise WrongMedia(f"the body is {kind}; send application/json")
        return await self.content()


async def compressed(reply: Reply, request: Request) -> Reply:
    """Compress a large reply, where the client offers to read gzip or deflate."""
    if len(reply.body) < LARGE:
        return reply
    word = offered(request.headers.get("accept-encoding") or "")
    if word is None:
        return reply
    body = reply.body
    small = len(body) < _OFF_LOOP
    smaller = compress(body, word) if small else await asyncio.to_thread(compress, body, word)
    extra = (("content-encoding", word), ("vary", "accept-encoding"))
    return Reply(smaller, reply.status, (*reply.headers, *extra))


def json_reply(document: Any, status: int = 200) -> Reply:
    """Answer with a document."""
    return Reply(msgspec.json.encode(document), status)


def error_reply(err: HytheError) -> Reply:
    """Answer with an error: its message and its word code."""
    body = msgspec.json.encode({"error": str(err), "code": err.code})
    return Reply(body, STATUS.get(err.code, STATUS["internal"]), _error_headers(err))


def _error_headers(err: HytheError) -> Headers:
    if isinstance(err, Busy):
        return (*JSON, ("retry-after", str(math.ceil(err.retry_after_s))))
    if isinstance(err, Unavailable):
        return (*JSON, ("retry-after", "1"))
    return (*JSON, ("www-authenticate", "Bearer")) if isinstance(err, Unauthenticated) else JSON


def unexpected_reply(incident: str) -> Reply:
    """Answer an error that nobody expected with one fixed sentence; the log has the rest under its id."""
    message = f"the server made a mistake; its log says more under the id {incident}"
    return json_reply({"error": message, "code": "internal", "id": incident}, STATUS["internal"])
