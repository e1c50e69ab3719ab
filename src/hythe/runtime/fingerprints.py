"""Which requests were inside a process when it died, and which are refused because they killed two.

Each process writes the fingerprints of its requests in flight into its own region of one shared memory. What
was inside a process that crashed becomes *suspect*. A suspect that is answered anywhere is *cleared*, so that
a common request which merely stood by is never refused; one that enters again and is inside at another crash
is *refused* from then on.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from zlib import crc32

IN_FLIGHT = 2048
"""Requests of one process that are written down at one time; more are served, and not written down."""
_TABLE = 256
_GENERATION = 0
_TABLE_START = 8
_REGIONS = 1024
_SUSPECT, _CLEARED, _REFUSED = 1, 2, 3
_SAMPLE_BYTES = 4096


def create(places: int) -> int:
    """Make the shared memory for `places` processes; give its file descriptor, for children to inherit."""
    descriptor = os.memfd_create("hythe-in-flight")
    os.ftruncate(descriptor, 8 * (_REGIONS + 2 * IN_FLIGHT * places))
    return descriptor


def fingerprint(body: bytes | memoryview, seed: int = 0) -> int:
    """Tell requests apart by length and CRC-32 of the body's beginning and end; `seed` stands for the rest.

    >>> fingerprint(b"a") == fingerprint(b"a"), fingerprint(b"a") == fingerprint(b"b")
    (True, False)
    """
    length = len(body)
    if length > 2 * _SAMPLE_BYTES:
        seed = crc32(body[-_SAMPLE_BYTES:], seed)
        body = body[:_SAMPLE_BYTES]
    return (length + 1 & 0xFFFFFFFF) << 32 | crc32(body, seed)


class InFlight:
    """What one process in `place` writes down.

    >>> memory = create(places=2)
    >>> parent, worker = Crashes(memory), InFlight(memory, place=1)
    >>> request = fingerprint(b"poison")
    >>> for _ in range(2):
    ...     _ = worker.enter(request)
    ...     refused = parent.crashed_in(1)
    >>> worker.refuses(request)
    True
    """

    def __init__(self, descriptor: int, place: int) -> None:
        self._numbers = _mapped(descriptor)
        start = _region(place)
        self._free = list(range(start, start + 2 * IN_FLIGHT, 2))
        for slot in self._free:  # what the place's last process held is gone with it
            self._numbers[slot] = 0
        self._seen = -1
        self._suspects: dict[int, int] = {}
        self._refused: frozenset[int] = frozenset()

    def refuses(self, request: int) -> bool:
        """Tell whether a request has killed two processes; ask before `enter`."""
        if self._numbers[_GENERATION] != self._seen:
            self._look()
        return request in self._refused

    def enter(self, request: int) -> int:
        """Write down that a request is in flight; give what `leave` wants."""
        if not self._free:
            return -1
        slot = self._free.pop()
        numbers = self._numbers
        numbers[slot + 1] = numbers[_GENERATION]
        numbers[slot] = request
        return slot

    def leave(self, slot: int, *, answered: bool = True) -> None:
        """Write down that the request is over; one that was `answered` is suspected no longer."""
        if slot < 0:
            return
        numbers = self._numbers
        if answered:
            if numbers[_GENERATION] != self._seen:
                self._look()
            if self._suspects and (entry := self._suspects.pop(numbers[slot], None)) is not None:
                numbers[entry + 1] = _CLEARED
        numbers[slot] = 0
        self._free.append(slot)

    def _look(self) -> None:
        self._seen = self._numbers[_GENERATION]
        table = {entry: (self._numbers[entry], self._numbers[entry + 1]) for entry in _entries()}
        self._suspects = {request: entry for entry, (request, state) in table.items() if state == _SUSPECT}
        self._refused = frozenset(request for request, state in table.values() if state == _REFUSED)


class Crashes:
    """The parent's view: it alone adds suspects and refuses."""

    def __init__(self, descriptor: int) -> None:
        self._numbers = _mapped(descriptor)

    def crashed_in(self, place: int) -> list[int]:
        """Take note of what was in flight in `place` when its process crashed; give what is refused now."""
        start = _region(place)
        held = []
        for slot in range(start, start + 2 * IN_FLIGHT, 2):
            if self._numbers[slot]:
                held.append((self._numbers[slot], self._numbers[slot + 1]))
                self._numbers[slot] = 0
        return self._crashed(held)

    def crashed_with(self, requests: Iterable[int]) -> list[int]:
        """Take note of requests at which something smaller than a process of ours crashed."""
        return self._crashed([(request, self._numbers[_GENERATION]) for request in requests])

    def forget(self, place: int) -> None:
        """Empty the region of a process that ended as it should."""
        for slot in range(_region(place), _region(place) + 2 * IN_FLIGHT, 2):
            self._numbers[slot] = 0

    def _crashed(self, held: list[tuple[int, int]]) -> list[int]:
        numbers = self._numbers
        entries = {numbers[entry]: entry for entry in _entries() if numbers[entry]}
        refused = []
        generation = numbers[_GENERATION] + 1
        for request, entered in dict(held).items():
            entry = entries.get(request)
            if entry is None or numbers[entry + 1] == _CLEARED:
                self._suspect(entry, request, generation)
            elif numbers[entry + 1] == _SUSPECT and entered >= numbers[entry + 2]:
                numbers[entry + 1] = _REFUSED
                refused.append(request)
        # Readers go by this number, so it comes last.
        numbers[_GENERATION] = generation
        return refused

    def _suspect(self, entry: int | None, request: int, generation: int) -> None:
        """Write a suspect over what has been cleared, else over what is oldest."""
        numbers = self._numbers
        place = min(_entries(), key=self._worth) if entry is None else entry
        numbers[place], numbers[place + 1], numbers[place + 2] = request, _SUSPECT, generation

    def _worth(self, entry: int) -> tuple[bool, int]:
        state = self._numbers[entry + 1]
        return state in (_SUSPECT, _REFUSED), self._numbers[entry + 2]


def _mapped(descriptor: int) -> memoryview[int]:
    return memoryview(mmap.mmap(descriptor, os.fstat(descriptor).st_size)).cast("Q")


def _region(place: int) -> int:
    return _REGIONS + 2 * IN_FLIGHT * place


def _entries() -> Iterator[int]:
    """Give where each entry of the table is: request, state, and the generation that made it a suspect."""
    return iter(range(_TABLE_START, _TABLE_START + 3 * _TABLE, 3))
