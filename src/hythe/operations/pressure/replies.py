"""Replies of HTTP/1.1, cut out of the bytes of a connection (RFC 9112)."""

from __future__ import annotations

from typing import NamedTuple

_END = b"\r\n\r\n"
_NEWLINE = b"\r\n"
_STATUS = slice(9, 12)


class Reply(NamedTuple):
    """A whole reply; the connection may be used again when `keep`."""

    status: int
    body: bytes
    keep: bool


class NotHttp(ValueError):
    """The bytes are no reply that this reader knows."""


class Replies:
    r"""Collects bytes until a reply is whole.

    >>> Replies().feed(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    Reply(status=200, body=b'hi', keep=True)
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, piece: bytes) -> Reply | None:
        """Take bytes; give the reply once it is whole.

        Raises:
            NotHttp: when it is none, or has a length that is not told.

        """
        raw = self._waiting + piece if self._waiting else piece
        reply = _whole(raw)
        self._waiting = raw if reply is None else b""
        return reply


def _whole(raw: bytes) -> Reply | None:
    end = raw.find(_END)
    if end < 0:
        return None
    if not raw.startswith(b"HTTP/1."):
        raise NotHttp("no HTTP/1.1")
    head = raw[:end].lower()
    status = int(raw[_STATUS])
    length = _field(head, b"content-length")
    if length is not None:
        stop = end + len(_END) + int(length)
        if len(raw) < stop:
            return None
        body: bytes | None = raw[end + len(_END) : stop]
    elif _field(head, b"transfer-encoding") == b"chunked":
        body = _chunks(raw, end + len(_END))
    elif status in {204, 304}:
        body = b""
    else:
        raise NotHttp("a reply without a length")
    return None if body is None else Reply(status, body, _field(head, b"connection") != b"close")


def _field(head: bytes, name: bytes) -> bytes | None:
    start = head.find(_NEWLINE + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    stop = head.find(_NEWLINE, start)
    return head[start : stop if stop >= 0 else len(head)].strip()


def _chunks(raw: bytes, start: int) -> bytes | None:
    pieces: list[bytes] = []
    while True:
        line = raw.find(_NEWLINE, start)
        if line < 0:
            return None
        size = int(raw[start:line].partition(b";")[0], 16)
        start = line + len(_NEWLINE)
        stop = start + size + len(_NEWLINE)
        if len(raw) < stop:
            return None
        if size == 0:
            return b"".join(pieces)
        pieces.append(raw[start : start + size])
        start = stop
