"""What goes in and out of a door: a request with a bounded body, a reply of bytes, and errors as replies."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from hythe.base.errors import Busy, CallerError, HytheError, Internal, Unauthenticated, Unavailable
from hythe.server.http.encodings import compress, offered

if TYPE_CHECKING:
    from hythe.server.http.request import Request

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
    "cancelled": 499,
    "busy": 429,
    "unavailable": 503,
    "timed_out": 504,
    "corrupt": 500,
    "internal": 500,
}
"""The HTTP status of every word code."""
_LONGEST_SENTENCE = 1000
LARGE = 16 * 2**10
"""A reply of fewer bytes is sent as it is: compressing it costs more time than it saves."""
OFF_LOOP = 2**18
"""More bytes than this are compressed in a thread; zlib lets other Python code run meanwhile."""


class WrongMethod(CallerError):
    """The path exists, and does not take this method."""

    code = "method_not_allowed"

    def __init__(self, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class WrongMedia(CallerError):
    """The body is of a kind that this door does not read."""

    code = "media_type"


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A finished answer."""

    body: bytes
    status: int = 200
    headers: Headers = JSON


async def compressed(reply: Reply, request: Request) -> Reply:
    """Compress a large reply, where the client offers to read gzip or deflate."""
    if len(reply.body) < LARGE:
        return reply
    word = offered(request.headers.get("accept-encoding") or "")
    if word is None:
        return reply
    body = reply.body
    small = len(body) < OFF_LOOP
    smaller = compress(body, word) if small else await asyncio.to_thread(compress, body, word)
    extra = (("content-encoding", word), ("vary", "accept-encoding"))
    return Reply(smaller, reply.status, (*reply.headers, *extra))


def json_reply(document: Any, status: int = 200, marks: Sequence[str] = ()) -> Reply:
    """Answer with a document; `marks` become headers, for protocols whose documents have no room for them."""
    headers = tuple((f"hythe-{mark}", "true") for mark in marks)
    return Reply(msgspec.json.encode(document), status, (*JSON, *headers))


def sentence(err: HytheError) -> str:
    """Give an error's message; of a very long one, which repeats what was sent, the beginning and the end.

    >>> len(sentence(Busy("x" * 5000, 1.0)))
    1003
    """
    text = str(err)
    half = _LONGEST_SENTENCE // 2
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[:half]} … {text[-half:]}"


def error_reply(err: HytheError) -> Reply:
    """Answer with an error: its message and its word code."""
    document = {"error": sentence(err), "code": err.code}
    if isinstance(err, Internal) and err.incident:
        document["id"] = err.incident
    body = msgspec.json.encode(document)
    return Reply(body, STATUS.get(err.code, STATUS["internal"]), _error_headers(err))


def _error_headers(err: HytheError) -> Headers:
    if isinstance(err, Busy):
        return (*JSON, ("retry-after", str(math.ceil(err.retry_after_s))))
    if isinstance(err, WrongMethod):
        return (*JSON, ("allow", ", ".join(err.allowed)))
    if isinstance(err, Unavailable):
        return (*JSON, ("retry-after", "1"))
    return (*JSON, ("www-authenticate", "Bearer")) if isinstance(err, Unauthenticated) else JSON
