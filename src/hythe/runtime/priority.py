"""A process that starts gives way to those that answer, where it can be put back in its place afterwards."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from functools import cache
from pathlib import Path

_NICE = 10
_CAP_SYS_NICE = 23
_TRIES, _PAUSE_S = 5, 0.11


def give_way(pid: int) -> None:
    """Have a process that starts get a tenth of the processor where others want it."""
    _set(pid, _NICE, tries=1)


def take_part(pid: int) -> None:
    """Put a process that is ready on a par with this one; that may take a moment."""
    _set(pid, 0, tries=_TRIES)


@cache
def may_raise() -> bool:
    """Tell whether this process may give others back the priority that it has itself.

    Linux asks for `CAP_SYS_NICE`, or for an `RLIMIT_NICE` of 20 less the niceness.
    """
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        effective = next(line for line in lines if line.startswith("CapEff:")).split()[1]
        if int(effective, 16) >> _CAP_SYS_NICE & 1:
            return True
    return 20 - resource.getrlimit(resource.RLIMIT_NICE)[0] <= os.getpriority(os.PRIO_PROCESS, 0)


def _set(pid: int, more: int, tries: int) -> None:
    """Set the niceness of a session that is the process's own, which anybody may undo, and of its threads."""
    place = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):  # it may be gone
        if os.getsid(pid) == pid:
            _set_group(place / "autogroup", str(more), tries)
        if may_raise():
            niceness = os.getpriority(os.PRIO_PROCESS, 0) + more
            for task in (place / "task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(task.name), niceness)


def _set_group(file: Path, niceness: str, tries: int) -> None:
    """Set the niceness of a session, where the kernel groups processes by theirs: Linux, sched(7).

    Without `CAP_SYS_ADMIN` it takes one such change in 0.1 s, of whichever session.
    """
    with contextlib.suppress(OSError):  # a kernel without
        for left in reversed(range(tries)):
            if file.read_text().split()[-1] == niceness:
                return
            try:
                file.write_text(niceness)
            except BlockingIOError:
                time.sleep(_PAUSE_S if left else 0.0)
