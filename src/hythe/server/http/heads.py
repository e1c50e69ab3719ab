"""Heads as bytes: the status line and headers of replies, and the replies to heads that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from hythe.server.http.messages import Headers, Reply, json_reply

_MOST_HEADS = 512
HEADS: dict[tuple[int, Headers, bool], bytes] = {}
"""What `write_head` has written, by status, headers and whether the connection ends."""


def write_head(status: int, headers: Headers, *, ends: bool) -> bytes:
    r"""Write the status line and the headers, without date and length; those of common replies are kept.

    >>> write_head(404, (("content-type", "text/plain"),), ends=False)
    b'HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\n'
    """
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if ends:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n").encode("latin-1")
    if len(HEADS) < _MOST_HEADS:
        HEADS[status, headers, ends] = head
    return head


def without_upgrade(method: bytes, target: bytes, version: str, headers: Mapping[bytes, bytes]) -> bytes:
    r"""Write a request's head again, less its offer to speak another protocol, which a server may pass over.

    Source: RFC 9110, section 7.8. Java's client offers HTTP/2 with every first request.

    >>> without_upgrade(b"POST", b"/x", "1.1", {b"host": b"y", b"upgrade": b"h2c"})
    b'POST /x HTTP/1.1\r\nhost: y\r\n\r\n'
    """
    lines = [b"%b: %b\r\n" % (name, value) for name, value in headers.items() if name != b"upgrade"]
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, target, version.encode(), b"".join(lines))


def head_too_large(most: int) -> Reply:
    """Refuse a head of more than `most` bytes (RFC 6585, section 5)."""
    sentence = f"the head has more than {most} bytes; send fewer or shorter headers"
    return json_reply({"error": sentence, "code": "too_large"}, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def slow(sentence: str) -> Reply:
    """Refuse a client that takes too long to send its request."""
    return json_reply({"error": sentence, "code": "timed_out"}, HTTPStatus.REQUEST_TIMEOUT)
