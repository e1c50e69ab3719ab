"""One document that one process writes and many read, in shared memory: what to serve, changed while running.

The memory is a page of numbers and two halves. A new document goes into the half that nobody reads, then
the sequence number moves on; a writer that dies on the way leaves the last document as it was. Readers look
at the sequence number, which costs a load, and copy the document when it has changed. A checksum finds the
copy during which the writer came round again; that reader copies anew.
"""

from __future__ import annotations

import mmap
import os
import struct
from zlib import crc32

from hythe.base.errors import Corrupt, TooLarge

MOST_BYTES = 64 * 2**20
READERS = 256
"""How many readers have a place in the table of what they have applied."""
_PAGE = 4096
_SEQUENCE = 0
_ENTRIES = (8, 32)
"""Where the page describes each half."""
_ENTRY = struct.Struct("<QQI")
"""Of one half: the sequence number, the length and the CRC-32 of its document."""
_READERS = 1024
_TRIES = 1000
ANY = 1
"""What a reader that has not applied anything yet may still need: whatever was ever published."""


class Bulletin:
    """A view of the shared memory behind `descriptor`; `create` makes one.

    >>> bulletin = Bulletin.create()
    >>> bulletin.publish(b"first"), bulletin.publish(b"second")
    (1, 2)
    >>> Bulletin(bulletin.descriptor).read()
    (2, b'second')
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
        self._numbers: memoryview[int] = memoryview(self._memory).cast("Q")
        self._half = (len(self._memory) - _PAGE) // 2

    @classmethod
    def create(cls, most_bytes: int = MOST_BYTES) -> Bulletin:
        """Make an empty one for documents of up to `most_bytes`; only what is written takes memory."""
        half = -(-most_bytes // _PAGE) * _PAGE
        descriptor = os.memfd_create("hythe-bulletin")
        os.ftruncate(descriptor, _PAGE + 2 * half)
        return cls(descriptor)

    @property
    def sequence(self) -> int:
        """The number of the newest document, from 1; 0 before the first. Cheap enough to ask at any time."""
        return self._numbers[_SEQUENCE]

    def publish(self, document: bytes) -> int:
        """Replace the document and give its sequence number. There is one writer at a time.

        Raises:
            TooLarge: when it does not fit; the last one stays.

        """
        if len(document) > self._half:
            raise TooLarge(f"the document has {len(document)} bytes; at most {self._half} can be published")
        sequence = self.sequence + 1
        start = self._start(sequence)
        self._memory[start : start + len(document)] = document
        entry = (sequence, len(document), crc32(document))
        _ENTRY.pack_into(self._memory, _ENTRIES[sequence % 2], *entry)
        # Readers go by this number, so it comes last.
        self._numbers[_SEQUENCE] = sequence
        return sequence

    def read(self) -> tuple[int, bytes]:
        """Copy the newest document: its sequence number and its bytes; `(0, b"")` before the first.

        Raises:
            Corrupt: when no copy is whole, which no writer of ours brings about.

        """
        for _ in range(_TRIES):
            sequence = self.sequence
            if sequence == 0:
                return 0, b""
            found, length, checksum = _ENTRY.unpack_from(self._memory, _ENTRIES[sequence % 2])
            start = self._start(sequence)
            document = self._memory[start : start + min(length, self._half)]
            if found == sequence and crc32(document) == checksum:
                return sequence, document
        raise Corrupt("the published document cannot be read whole; start the server again")

    def hold(self, reader: int) -> None:
        """Note that a process in place `reader` is starting: it may need anything that was published."""
        self._numbers[self._place(reader)] = ANY

    def applied(self, reader: int, sequence: int) -> None:
        """Note that `reader` needs nothing any more that came before document `sequence`."""
        self._numbers[self._place(reader)] = sequence

    def release(self, reader: int) -> None:
        """Note that `reader` has ended."""
        self._numbers[self._place(reader)] = 0

    @property
    def applied_by_all(self) -> int:
        """The oldest document that some reader may still need; the newest when there is no reader."""
        held = [number for number in self._numbers[_READERS // 8 : _READERS // 8 + READERS] if number]
        return min(held, default=self.sequence)

    def _start(self, sequence: int) -> int:
        return _PAGE + (sequence % 2) * self._half

    def _place(self, reader: int) -> int:
        if not 0 <= reader < READERS:
            raise ValueError(f"reader {reader} of {READERS}")
        return _READERS // 8 + reader
