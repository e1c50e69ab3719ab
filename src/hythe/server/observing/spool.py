"""Deliveries on the local disk, while the catalog does not take them.

A file for each server, under the home: for each delivery its length and CRC-32, then its JSON. What a killed
process left half written is seen by that and ends the file. The file is locked by the sidecar that writes
it, so that another server on this home can tell what was left behind, and deliver it.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec

from hythe.registry.windows import Delivery

FOLDER = "observations"
"""The folder under the home."""
_HEAD = struct.Struct("<II")


class Spool:
    """One server's file; nothing is opened before it is needed."""

    def __init__(self, folder: Path, server: str, most_bytes: int = 256 * 2**20) -> None:
        self.path = folder / f"{server}.spool"
        self._most_bytes = most_bytes
        self._file: int | None = None

    def append(self, delivery: Delivery) -> bool:
        """Write a delivery down for good; False when there is no room, or no disk."""
        data = msgspec.json.encode(delivery)
        frame = _HEAD.pack(len(data), crc32(data)) + data
        try:
            file = self._opened()
            size = os.fstat(file).st_size
            if size + len(frame) > self._most_bytes:
                return False
            try:
                written = os.pwrite(file, frame, size)
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                return False
            if written < len(frame):
                os.ftruncate(file, size)
            return written == len(frame)
        except OSError:
            return False

    def read(self) -> Iterator[Delivery]:
        """Give the deliveries in their order."""
        if self._file is not None or self.path.exists():
            for data, _ in _frames(self._opened()):
                yield msgspec.json.decode(data, type=Delivery)

    def clear(self) -> None:
        """Forget all deliveries; the file goes."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def take(self) -> bool:
        """Lock the file that a server left behind; False when that server is alive, or the file gone."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def _opened(self) -> int:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.ftruncate(file, max((end for _, end in _frames(file)), default=0))
            self._file = file
        return self._file


def _frames(file: int) -> Iterator[tuple[bytes, int]]:
    """Give each whole delivery and where it ends; what is torn ends them."""
    place = 0
    while len(head := os.pread(file, _HEAD.size, place)) == _HEAD.size:
        size, checksum = _HEAD.unpack(head)
        data = os.pread(file, size, place + _HEAD.size)
        if len(data) < size or crc32(data) != checksum:
            return
        place += _HEAD.size + size
        yield data, place


def abandoned(folder: Path, but: str) -> list[Spool]:
    """Find the files of servers that are gone, and lock them; that of the server `but` is not looked at."""
    others = [Spool(folder, path.stem) for path in sorted(folder.glob("*.spool")) if path.stem != but]
    return [spool for spool in others if spool.take()]
