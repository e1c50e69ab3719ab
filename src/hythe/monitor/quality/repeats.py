"""Counts rows that equal one that came shortly before, in the process beside the serving ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from hythe.bundle.repeats import MOST_CELLS
from hythe.monitor.windows.group import Group, Requests
from hythe.statistics.row_hashes import row_hashes

SHORT, LONG = 256, 4096
"""How many rows of a version are taken together: a row is repeated that equals an earlier one of these."""
_MOST_VERSIONS = 64


class RepeatedRows:
    """How many rows of each version were looked at, and how many repeat one of their 256, of their 4096.

    Rows are equal when what the model is fed, and what is read beside it, is the same to the bit. A version's
    rows are taken as they come, from all processes, in blocks of 256 and of 4096, which are forgotten at
    their end: so there is a bound on the room, and what is counted of each block adds up. Rows of more than
    512 numbers are not looked at, for the time that would take.
    """

    name = "repeats"

    def __init__(self) -> None:
        self._memories: dict[tuple[str, str], Memory] = {}

    def count(self, _requests: Requests, group: Group) -> Sequence[int]:
        """Count rows, those repeated among 256, and those repeated among 4096; nothing without rows."""
        arrays = [values for _, values in sorted(group.inputs(), key=lambda pair: pair[0])]
        rows = {len(values) for values in arrays}
        cells = sum(prod(values.shape[1:]) for values in arrays)
        if len(rows) != 1 or not rows - {0} or cells > MOST_CELLS:
            return ()
        if any(values.dtype.kind not in "biuf" for values in arrays):
            return ()
        return self._memory(group.endpoint, group.version).add(row_hashes(arrays).tolist())

    def _memory(self, endpoint: str, version: str) -> Memory:
        key = (endpoint, version)
        found = self._memories.pop(key, None) or Memory()
        self._memories[key] = found  # the last asked for stand last
        while len(self._memories) > _MOST_VERSIONS:
            del self._memories[next(iter(self._memories))]
        return found


class Memory:
    """The rows of the current short and of the current long block, by their hashes.

    >>> memory = Memory()
    >>> memory.add([7, 8, 7]), memory.add([8])
    ((3, 1, 1), (1, 1, 1))
    """

    def __init__(self) -> None:
        self._short, self._long = _Block(SHORT), _Block(LONG)

    def add(self, hashes: Sequence[int]) -> tuple[int, int, int]:
        """Take rows in turn: how many, how many repeat one of their short block, how many of their long."""
        return len(hashes), self._short.add(hashes), self._long.add(hashes)


class _Block:
    """The distinct hashes of a block of `size` rows that has begun."""

    def __init__(self, size: int) -> None:
        self._size, self._rows = size, 0
        self._seen: set[int] = set()

    def add(self, hashes: Sequence[int]) -> int:
        """Take rows, and give how many repeat an earlier one of their block."""
        at = repeated = 0
        while at < len(hashes):
            part = hashes[at : at + self._size - self._rows]
            at += len(part)
            self._rows += len(part)
            repeated += len(part) + len(self._seen)
            self._seen.update(part)
            repeated -= len(self._seen)
            if self._rows == self._size:
                self._rows = 0
                self._seen.clear()
        return repeated
