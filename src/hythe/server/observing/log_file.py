"""Where the access log goes: a file that may be moved away at any time, or standard output."""

from __future__ import annotations

import contextlib
import os
import sys

from hythe.base.errors import Unavailable

STDOUT = "-"


class LogFile:
    """Appends whole batches of lines to `path`, opened anew each time; `-` is standard output, "" nothing."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __bool__(self) -> bool:
        """Whether anybody wants lines."""
        return bool(self._path)

    def write(self, lines: bytes) -> None:
        """Append lines; raises Unavailable when the file does not take them all, and takes none then."""
        try:
            if self._path == STDOUT:
                _write(sys.stdout.fileno(), lines)
                return
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                _write_whole(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError as err:
            raise Unavailable(
                f"the access log {self._path} takes no lines: {err.strerror}; see that it is writable"
            ) from err


def _write_whole(descriptor: int, lines: bytes) -> None:
    """Write all or nothing: half a line would spoil the one that follows when there is room again."""
    before = os.fstat(descriptor).st_size
    try:
        _write(descriptor, lines)
    except OSError:
        with contextlib.suppress(OSError):  # a device, which has no length
            os.ftruncate(descriptor, before)
        raise


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
