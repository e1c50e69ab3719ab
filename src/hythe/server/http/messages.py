"""What goes in and out of a door: a request with a bounded body, a reply of bytes, and errors as replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from hythe.base.errors import HytheError
from hythe.base.http_errors import error_document, error_headers, status
from hythe.server.http.encodings import compress, offered

if TYPE_CHECKING:
    from hythe.server.http.request import Request

Headers: TypeAlias = tuple[tuple[str, str], ...]

JSON: Headers = (("content-type", "application/json"),)
TEXT: Headers = (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)

LARGE = 16 * 2**10
"""A reply of fewer bytes is sent as it is: compressing it costs more time than it saves."""
OFF_LOOP = 2**18
"""More bytes than this are compressed in a thread; zlib lets other Python code run meanwhile."""


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


def error_reply(err: HytheError) -> Reply:
    """Answer with an error: its message and its word code."""
    headers = (*JSON, *error_headers(err).items())
    return Reply(msgspec.json.encode(error_document(err)), status(err), headers)
