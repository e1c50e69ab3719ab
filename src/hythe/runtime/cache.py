"""Answers kept for a while in a bounded number of bytes; what was used longest ago goes first."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array

_ENTRY_BYTES = 720
"""What an entry takes beside its arrays: key, record, and places in dictionaries, twice over as they grow."""
_ARRAY_BYTES = 288
"""What an array takes beside its cells: its object, its shape, its allocation, and its place by name."""
_SCALARS = (str, bool, int, float, type(None))


class _Entry(NamedTuple):
    answers: Answers
    size: int
    stored_s: float


class Cache:
    """Answers by key, each for `ttl_s` seconds, and for `stale_s` more where nothing better is to be had.

    `now` is a monotonic clock. `bytes` is never more than `max_bytes`; it counts all that entries take.

    >>> import numpy as np
    >>> now = [0.0]
    >>> cache = Cache(ttl_s=10, max_bytes=10_000, now=lambda: now[0])
    >>> cache.put(b"rows", {"value": np.array([0.5])})
    True
    >>> cache.get(b"rows")["value"].tolist()
    [0.5]
    >>> now[0] = 10.0
    >>> cache.get(b"rows") is None, len(cache), cache.bytes
    (True, 0, 0)
    """

    def __init__(
        self,
        *,
        ttl_s: float,
        max_bytes: int,
        stale_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = ttl_s
        self._stale_s = stale_s
        self._max_bytes = max_bytes
        self._now = now
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, *, stale: bool = False) -> Answers | None:
        """Find answers that still count, or, where `stale`, that may still stand in; None for none."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        age_s = self._now() - entry.stored_s
        if age_s >= self._ttl_s + self._stale_s:
            self._drop(key)
            return None
        if age_s >= self._ttl_s and not stale:
            return None
        self._entries.move_to_end(key)
        return entry.answers

    def put(self, key: bytes, answers: Answers) -> bool:
        """Keep a copy of answers; false when they are too large, or of a kind whose size is not known."""
        if key in self._entries:
            self._drop(key)
        size = _size(answers)
        if size is None or size > self._max_bytes:
            return False
        self._shrink(self._max_bytes - size)
        kept = {name: _copy(array) for name, array in answers.items()}
        self._entries[key] = _Entry(kept, size, self._now())
        self.bytes += size
        return True

    def _shrink(self, most: int) -> None:
        while self.bytes > most:
            _, entry = self._entries.popitem(last=False)
            self.bytes -= entry.size

    def _drop(self, key: bytes) -> None:
        self.bytes -= self._entries.pop(key).size


def _copy(array: Array) -> Array:
    """Let go of the batch that the array is a part of, and let nobody write into what is shared."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _size(answers: Answers) -> int | None:
    """Count the bytes that an entry takes; None where a cell is neither text nor number."""
    size = _ENTRY_BYTES
    for array in answers.values():
        size += _ARRAY_BYTES + array.nbytes
        if array.dtype.kind == "O":
            cells = array.ravel().tolist()
            if not all(isinstance(cell, _SCALARS) for cell in cells):
                return None
            size += sum(map(sys.getsizeof, cells))
    return size
