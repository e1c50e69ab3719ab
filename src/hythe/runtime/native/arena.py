"""Memory that a process and its child both see, for batches too large to push through a socket."""

from __future__ import annotations

import fcntl
import mmap
import os

from hythe.base.errors import Corrupt

_KEPT = 4 * 2**20
_PAGES = 2**16


class Arena:
    """One file in memory (Linux `memfd`) and this process's view of it.

    It can grow and never shrink, so that neither side can take away what the other is reading.

    >>> ours = Arena.create()
    >>> theirs = Arena(os.dup(ours.descriptor))
    >>> ours.room(3)[:] = b"abc"
    >>> bytes(theirs.view(3))
    b'abc'
    >>> ours.close(), theirs.close()
    (None, None)
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None

    @classmethod
    def create(cls) -> Arena:
        """Make an empty one."""
        descriptor = os.memfd_create("hythe-batches", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        return cls(descriptor)

    def room(self, size: int) -> memoryview:
        """Give the first `size` bytes to write to; there are more where there were fewer."""
        if os.fstat(self.descriptor).st_size < size:
            os.ftruncate(self.descriptor, -(-size // _PAGES) * _PAGES)
        return self.view(size)

    def view(self, size: int) -> memoryview:
        """Give the first `size` bytes as they are; raises Corrupt when there are fewer."""
        if self._map is None or len(self._map) < size:
            there = os.fstat(self.descriptor).st_size
            if there < size:
                raise Corrupt(f"a message of {size} bytes in {there} bytes of shared memory; this is a fault")
            self._map = mmap.mmap(self.descriptor, there)
        return memoryview(self._map)[:size]

    def give_back(self) -> None:
        """Free the memory behind all but the first 4 MiB; what was there reads as zeros."""
        if self._map is not None and len(self._map) > _KEPT:
            self._map.madvise(mmap.MADV_REMOVE, _KEPT)

    def close(self) -> None:
        """Let go of the file; views that somebody holds stay valid."""
        self._map = None
        os.close(self.descriptor)
