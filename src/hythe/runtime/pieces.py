"""Where a long JSON list of objects may be cut, so that it is read a piece at a time.

A decoder holds the interpreter until it is done: 20 ms for 8 MB, in which nobody else is served. In a thread
it would hold it just the same. So the list is cut where one object seems to end and the next to begin, and
each piece is decoded by itself. A cut inside a text leaves a piece that is no JSON; then the rest is read in
one go. All pieces being lists of objects, the whole is the list of them all.
"""

from __future__ import annotations

import re

PIECE = 2**17
"""The bytes of a piece: half a millisecond of work, for 30 numbers in a row."""
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
_FARTHEST = 2**16
"""So far behind `PIECE` a cut is looked for; objects that are longer are read in one go."""
_TAIL = 1024


def list_end(body: bytes | memoryview) -> int:
    """Give the place of the bracket that ends the list in `{"rows": […]}`; 0 where the end is another.

    >>> list_end(b'{"rows": [{}] }')
    12
    """
    tail = bytes(body[-_TAIL:])
    inside = tail.rstrip()
    if not inside.endswith(b"}"):
        return 0
    inside = inside[:-1].rstrip()
    return len(body) - len(tail) + len(inside) - 1 if inside.endswith(b"]") else 0


def piece_end(body: bytes | memoryview, start: int, end: int, size: int = PIECE) -> tuple[int, int]:
    """Give where the piece that begins at `start` ends, and where the next begins, at most `end`.

    >>> piece_end(b'{"a": 1}, {"a": 2}', 0, 18, size=5), piece_end(b'{"a": 1}, {"a": 2}', 10, 18, size=5)
    ((8, 10), (18, 18))
    """
    target = start + size
    found = _BETWEEN.search(body, target, min(end, target + _FARTHEST)) if target < end else None
    return (end, end) if found is None else (found.start() + 1, found.end())
