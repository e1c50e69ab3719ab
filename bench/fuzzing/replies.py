"""A strict reader of HTTP/1.1 replies."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]+")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t -~\x80-\xff]*)")
_CONTINUE = 100


class Unreadable(ValueError):
    """What came is no sequence of replies."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_replies(data: bytes) -> list[Answer]:
    """Read whole replies; those with status 100 are left out.

    Raises:
        Unreadable: for anything else, a reply that is cut off included.

    """
    found = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            raise Unreadable(f"a head without end: {data[:200]!r}")
        status, headers = _head(head)
        if status == _CONTINUE:
            data = rest
            continue
        length = int(headers["content-length"])
        if len(rest) < length:
            raise Unreadable(f"{len(rest)} of {length} bytes of a body")
        found.append(Answer(status, headers, rest[:length]))
        data = rest[length:]
    return found


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if status is None or None in fields:
        raise Unreadable(f"no head: {head[:200]!r}")
    headers = {field[1].decode().lower(): field[2].decode("latin-1") for field in fields if field}
    if len(headers) < len(fields):
        raise Unreadable(f"a header came twice: {head[:200]!r}")
    if int(status[1]) != _CONTINUE and not headers.get("content-length", "").isdigit():
        raise Unreadable(f"no length: {head[:200]!r}")
    return int(status[1]), headers
