"""A queue of byte records in shared memory: one process puts, one takes, neither waits for the other.

The memory begins with a page of numbers: how many bytes were ever put (the head), how many were given back
(the tail), and what was lost. Records follow in a ring. A record counts from the moment the head passes it:
a producer that is killed leaves a whole record or none, a consumer that is killed begins again at the tail.
A producer counts what enters it, and what has left it in records, so that whoever comes after one that was
killed knows of how much it had not told. A consumer that notes numbers of its own when it gives room back
finds those that belong to the tail, wherever the one before was killed: two copies lie behind the records.
"""

from __future__ import annotations

import mmap
import os
import platform
import sys
import uuid
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from hythe.base.errors import Corrupt, Invalid

RING_BYTES = 8 * 2**20
_PAGE = 4096
_WORD = 8
_MARKS, _ID, _HEAD, _TAIL, _CLAIMED, _NOTE, _LOST, _ENDED, _ENTERED, _LEFT, _UNTOLD = (
    0,
    2,
    8,
    16,
    24,
    25,
    32,
    33,
    34,
    35,
    36,
)
_WRAP = 2**64 - 1
"""Stands where a length would, and says that the next record is at the ring's beginning."""
_IN_ORDER = platform.machine() in {"x86_64", "AMD64", "i686"}
"""Whether other processors see stores in the order in which they were made."""


class Ring:
    """One side's view of the memory behind `descriptor`; each side makes its own.

    >>> descriptor = create(4096)
    >>> Ring(descriptor).put([b"one ", b"record"])
    True
    >>> consumer = Ring(descriptor)
    >>> [(end, record)] = consumer.take()
    >>> bytes(record), list(consumer.take())
    (b'one record', [])
    >>> consumer.release(end)
    >>> consumer.used
    0
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = memoryview(mmap.mmap(descriptor, os.fstat(descriptor).st_size))
        self._words = self._memory.cast("Q")
        self._n_marks: int = self._words[_MARKS]
        self.capacity = len(self._memory) - _PAGE - _marks_bytes(self._n_marks)
        self._fence = Lock()
        self._next: int = self._words[_TAIL]

    @property
    def id(self) -> str:
        """The ring's name, other than that of any ring before or after it."""
        return bytes(self._memory[_ID * _WORD : _ID * _WORD + 16]).hex()

    @property
    def used(self) -> int:
        """How many bytes were put and not given back."""
        return self._words[_HEAD] - self._words[_TAIL]

    @property
    def head(self) -> int:
        """Where the newest record ends."""
        return self._words[_HEAD]

    @property
    def tail(self) -> int:
        """Where the oldest record begins that was not given back."""
        return self._words[_TAIL]

    @property
    def claimed(self) -> int:
        """How far the consumer said that it is about to store; beyond the tail while that is under way."""
        return max(self._words[_CLAIMED], self._words[_TAIL])

    @property
    def lost(self) -> int:
        """How many records found no room; one counts as often as it tells of requests."""
        return self._words[_LOST]

    @property
    def untold(self) -> int:
        """How many requests had entered producers that were killed, and had not left them in records."""
        return self._words[_UNTOLD]

    @property
    def inside(self) -> int:
        """How many requests have entered the producer and have not left it."""
        return self._words[_ENTERED] - self._words[_LEFT]

    def begin(self) -> None:
        """Begin as the producer: what is inside was the one's before, who was killed and tells no more."""
        words = self._words
        inside, words[_LEFT] = self.inside, words[_ENTERED]
        words[_UNTOLD] += max(inside, 0)

    def enter(self) -> None:
        """Count a request that the producer will tell of."""
        self._words[_ENTERED] += 1

    def leave(self, requests: int) -> None:
        """Count requests that the producer has told of, or never will because they found no room."""
        self._words[_LEFT] += requests

    def put(self, parts: Sequence[Any], requests: int = 1) -> bool:
        """Copy a record, given as contiguous buffers, into the ring; False when it had no room and is lost.

        It counts as lost as often as it tells of `requests`. Only the producer may call this.
        """
        data = b"".join(parts)
        size, words = len(data), self._words
        need = _WORD + -(-size // _WORD) * _WORD
        head = words[_HEAD]
        start = head % self.capacity
        skip = self.capacity - start if start + need > self.capacity else 0
        if head + skip + need - words[_TAIL] > self.capacity:
            words[_LOST] += requests
            return False
        if skip:
            words[(_PAGE + start) // _WORD] = _WRAP
            start = 0
        at = _PAGE + start
        words[at // _WORD] = size
        self._memory[at + _WORD : at + _WORD + size] = data
        if not _IN_ORDER:
            self._settle()
        words[_HEAD] = head + skip + need
        return True

    @property
    def ended(self) -> bool:
        """Whether the producer said that nothing more will come."""
        return bool(self._words[_ENDED])

    def end(self, *, ended: bool = True) -> None:
        """Say that nothing more will come, or take it back; only the producer may call this."""
        if not _IN_ORDER:
            self._settle()
        self._words[_ENDED] = int(ended)

    def take(self) -> Iterator[tuple[int, memoryview]]:
        """Give each record that was not taken yet, and the position behind it; the tail stays.

        A record's memory stands until `release`. Only the consumer may call this.

        Raises:
            Corrupt: when the memory is not a ring's.

        """
        head = self._words[_HEAD]
        if not _IN_ORDER:
            self._settle()
        while self._next < head:
            at = _PAGE + self._next % self.capacity
            size = self._words[at // _WORD]
            if size == _WRAP:
                self._next += self.capacity - self._next % self.capacity
                continue
            end = self._next + _WORD + -(-size // _WORD) * _WORD
            if end > head:
                raise Corrupt(f"a record of {size} bytes ends behind the ring's head; restart the server")
            self._next = end
            yield end, self._memory[at + _WORD : at + _WORD + size].toreadonly()

    @property
    def note(self) -> int:
        """The number that came with the last claim, whichever process made it; 0 before the first."""
        return self._words[_NOTE]

    def claim(self, position: int, note: int = 0) -> None:
        """Note that all up to `position` is about to be stored elsewhere; `release` follows."""
        self._words[_NOTE] = note
        self._words[_CLAIMED] = position

    @property
    def marks(self) -> list[int]:
        """The numbers of the consumer that came with the last release, as many as the ring was made for."""
        start = self._marked()
        return list(self._words[start + 1 : start + 1 + self._n_marks])

    def release(self, position: int, marks: Sequence[int] = ()) -> None:
        """Give back the room of all records up to `position`; their memory must not be read again.

        `marks`, as many as the ring was made for, are kept with that: whoever is killed meanwhile leaves
        both or neither.
        """
        self._next = max(self._next, position)
        if marks:
            first, second = self._copies()
            start = second if self._marked() == first else first
            for place, mark in enumerate(marks, start + 1):
                self._words[place] = mark
            self._words[start] = position
        if not _IN_ORDER:
            self._settle()
        self._words[_TAIL] = max(position, self._words[_TAIL])

    def _copies(self) -> tuple[int, int]:
        """Give where the copies of the marks begin: with the tail that they belong to."""
        first = (_PAGE + self.capacity) // _WORD
        return first, first + 1 + self._n_marks

    def _marked(self) -> int:
        """Give the copy that belongs to the tail: the newest that is not of a release that was cut off."""
        words, tail = self._words, self._words[_TAIL]
        return max((start for start in self._copies() if words[start] <= tail), key=words.__getitem__)

    def _settle(self) -> None:
        """Have stores and loads before this seen before those after it: a lock's two halves are barriers."""
        with self._fence:
            pass
        with self._fence:
            pass


def create(size: int = RING_BYTES, marks: int = 0) -> int:
    """Make the shared memory of a ring and give its descriptor; pages are taken when they are first used.

    The consumer may keep as many `marks`.

    Raises:
        Invalid: when `size` is not a multiple of 4096 above 0.

    """
    if size < _PAGE or size % _PAGE:
        raise Invalid(f"a ring of {size} bytes; give a multiple of {_PAGE}")
    descriptor = os.memfd_create("hythe-ring")
    os.ftruncate(descriptor, _PAGE + size + _marks_bytes(marks))
    os.pwrite(descriptor, marks.to_bytes(_WORD, sys.byteorder), _MARKS * _WORD)
    os.pwrite(descriptor, uuid.uuid4().bytes, _ID * _WORD)
    return descriptor


def _marks_bytes(marks: int) -> int:
    """Give the room of two copies, each with the tail that it belongs to."""
    return 2 * (1 + marks) * _WORD
