"""The body of a request, gathered as its pieces come."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

LARGE = 2**18
"""A body that says it has this many bytes or more gets its memory at once."""
_TURN = 2**19
"""uvloop reads on while anything comes, up to 8 MB in a turn of the loop; so many bytes stop it."""
Buffer: TypeAlias = bytes | memoryview


class LargeBody:
    """A body whose length is known: each piece is copied to where it belongs, and let go of, as it comes.

    Keeping the pieces and joining them at the end takes twice the memory, and most of the time is the
    operating system's, which has to clear it. What a client announces and never sends takes no memory.

    >>> body = LargeBody(4)
    >>> body.append(b"row")
    >>> body.append(b"s")
    >>> bytes(body.whole())
    b'rows'
    """

    __slots__ = ("_at", "_memory", "_rested")

    def __init__(self, length: int) -> None:
        self._memory = np.empty(length, dtype=np.uint8).data
        self._at = self._rested = 0

    def append(self, piece: bytes) -> None:
        """Take the next piece; raises ValueError when there is more than was announced."""
        end = self._at + len(piece)
        self._memory[self._at : end] = piece
        self._at = end

    def rests(self) -> bool:
        """Tell whether so much has come since it last did that other connections are due."""
        due = self._at - self._rested >= _TURN
        if due:
            self._rested = self._at
        return due

    def whole(self) -> memoryview:
        """Give what has come."""
        return self._memory[: self._at]


def whole(pieces: list[bytes] | LargeBody) -> Buffer:
    """Give a body in one piece.

    >>> whole([b"ro", b"ws"])
    b'rows'
    """
    if isinstance(pieces, LargeBody):
        return pieces.whole()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
