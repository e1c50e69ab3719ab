"""Whether a process runs in an environment that Hythe built: who runs there holds a lock, which `gc` asks."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

MARK = "hythe-environment.json"
"""The file in an environment that says what is in it. It is written last, and those who run there lock it."""


def hold_environment(folder: Path | None = None) -> int | None:
    """Lock this process's environment, or the one in `folder`, until the process ends.

    Gives the descriptor that holds the lock, None where Hythe built none.
    """
    try:
        descriptor = os.open((folder or Path(sys.prefix)) / MARK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def in_use(folder: Path) -> bool:
    """Tell whether anybody runs in the environment in `folder`."""
    try:
        return is_locked(folder / MARK)
    except OSError:
        return False


def is_locked(path: Path) -> bool:
    """Tell whether anybody holds a lock on a file; raises OSError when it cannot be opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
