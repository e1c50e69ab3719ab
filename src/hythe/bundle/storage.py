"""What a disk can refuse, said in Hythe's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hythe.base.errors import HytheError, Unavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system raises while `path` is written into Hythe's errors.

    >>> with storage_errors(Path("/srv/models")):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Unavailable: the disk of '/srv/models' is full; free some space, or set HYTHE_HOME
    """
    try:
        yield
    except OSError as err:
        raise storage_error(err, path) from err


def storage_error(err: OSError, path: Path) -> HytheError:
    """Say in one sentence what went wrong with `path` and what helps."""
    if err.errno in _FULL:
        return Unavailable(f"the disk of '{path}' is full; free some space, or set HYTHE_HOME")
    if err.errno in _READ_ONLY:
        return Unavailable(f"'{path}' cannot be written ({err.strerror}); allow it, or set HYTHE_HOME")
    where = err.filename or path
    return Unavailable(f"'{where}' cannot be used ({err.strerror or err}); put it right, or set HYTHE_HOME")
