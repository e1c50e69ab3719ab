"""Other people's processes, as Linux shows them: stopped, their connections counted, killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

_ESTABLISHED, _CLOSE_WAIT = "01", "08"


def freeze(pid: int) -> None:
    """Stop a process between two instructions; it has stopped when this returns."""
    os.kill(pid, signal.SIGSTOP)
    while not all(state == "T" for state in _states(pid)):
        pass


def kill(pid: int) -> None:
    """Kill a process as a crash would: it does not hear of it."""
    os.kill(pid, signal.SIGKILL)


def callers(pid: int, door: int) -> set[int]:
    """Give the ports of the clients whose connections to port `door` the process has accepted."""
    sockets = {_target(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_, inode = line.split()[:10]
        ours = int(local.partition(":")[2], 16) == door and state in {_ESTABLISHED, _CLOSE_WAIT}
        if ours and f"socket:[{inode}]" in sockets:
            found.add(int(remote.partition(":")[2], 16))
    return found


def children(pid: int) -> list[int]:
    """Give the processes that a process has started, whichever of its threads did."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def replaced(parent: int, child: int) -> Callable[[], bool]:
    """Give a condition: the child has ended, and its parent has another."""
    return lambda: child not in (found := children(parent)) and found != []


def family(pid: int) -> list[int]:
    """Give a process, its children, theirs, and so on."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _states(pid: int) -> list[str]:
    stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [stat.rpartition(")")[2].split()[0] for stat in stats]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
