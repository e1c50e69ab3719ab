"""How many copies of requests a process holds for its shadows, all endpoints together."""

from __future__ import annotations

MOST_ROWS, MOST_COPIES, MOST_BYTES = 4096, 256, 16 * 2**20


class Room:
    """Counts what waits for shadows and what they work on; a copy that finds no room is dropped.

    `bytes` are those of the requests' bodies. A copy that is larger than may be comes in alone.

    >>> room = Room(rows=10, copies=2)
    >>> room.enter(50), room.enter(1)
    (True, False)
    >>> room.leave(50)
    >>> [room.enter(4) for _ in range(3)]
    [True, True, False]
    """

    def __init__(self, rows: int = MOST_ROWS, copies: int = MOST_COPIES, size: int = MOST_BYTES) -> None:
        self._most_rows = rows
        self._most_copies = copies
        self._most_bytes = size
        self.rows = self.copies = self.bytes = 0

    def enter(self, rows: int, size: int = 0) -> bool:
        """Let a copy in; false when there is no room for it."""
        if self.copies and (
            self.copies >= self._most_copies
            or self.rows + rows > self._most_rows
            or self.bytes + size > self._most_bytes
        ):
            return False
        self.rows += rows
        self.bytes += size
        self.copies += 1
        return True

    def leave(self, rows: int, size: int = 0) -> None:
        """Give the room of a copy back."""
        self.rows -= rows
        self.bytes -= size
        self.copies -= 1


ROOM = Room()
"""That of this process."""
