"""A process that starts gives way to those that answer, where it can be put back in its place afterwards."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_NICE = 10
_CAP_SYS_NICE = 23
_ONCE = (0.0,)
_UNTIL_SO = (0.0, 0.11, 0.11, 0.11, 0.11)
"""Pauses, in seconds, before each try."""


def give_way(pid: int) -> None:
    """Have a process that starts get a tenth of the processor where others want it."""
    _set(pid, _NICE, _ONCE)


def take_part(pid: int) -> None:
    """Put a process that is ready on a par with this one; that may take a moment."""
    _set(pid, 0, _UNTIL_SO)


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


def _set(pid: int, more: int, pauses_s: Sequence[float]) -> None:
    """Set the niceness of a session that is the process's own, which anybody may undo, and of its threads."""
    place = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):  # it may be gone
        if os.getsid(pid) == pid:
            _set_group(place / "autogroup", str(more), pauses_s)
        if may_raise():
            niceness = os.getpriority(os.PRIO_PROCESS, 0) + more
            for task in (place / "task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(task.name), niceness)


def _set_group(file: Path, niceness: str, pauses_s: Sequence[float]) -> None:
    """Set the niceness of a session, where the kernel groups processes by theirs: Linux, sched(7).

    Without `CAP_SYS_ADMIN` it takes one such change in 0.1 s, of whichever session.
    """
    with contextlib.suppress(OSError):  # a kernel without
        for pause_s in pauses_s:
            time.sleep(pause_s)
            if file.read_text().split()[-1] == niceness:
                return
            with contextlib.suppress(BlockingIOError):
                file.write_text(niceness)
