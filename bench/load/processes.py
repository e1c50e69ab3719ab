"""What a server and all of its processes cost: CPU seconds and memory, read from /proc."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1e6


def adopt() -> None:
    """Make orphans of our servers ours, so that a server that forks away is still counted, and ended."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree(root: int) -> list[int]:
    """Give a process and all of its descendants."""
    return [root, *(below for child in children(root) for below in tree(child))]


def children(pid: int) -> list[int]:
    """Give the children of a process, of all its threads; none when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_s(pids: list[int]) -> float:
    """Sum the CPU seconds of processes and of their children that have ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def resident_mb(pid: int) -> float:
    """Give the resident memory of a process, pages that it shares included."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") * 1024 / _MEGABYTE


def proportional_mb(pids: list[int]) -> float:
    """Sum the memory of processes; a page that several share is counted once."""
    return sum(_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in pids) * 1024 / _MEGABYTE


def largest(pids: list[int], word: str = "") -> int:
    """Find the process with most resident memory, among those with `word` in their command line if any."""
    named = [pid for pid in pids if word in command(pid)] or pids
    return max(named, key=resident_mb)


def command(pid: int) -> str:
    """Give a process's command line; empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def descriptors(pid: int) -> int:
    """Count the open descriptors of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def threads(pid: int) -> int:
    """Count the threads of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def end(pids: list[int], *, patience_s: float) -> None:
    """Ask the first process to end, and kill whatever is left after a while."""
    _send(pids[:1], signal.SIGTERM)
    until = time.monotonic() + patience_s
    while time.monotonic() < until and any(_alive(pid) for pid in pids):
        time.sleep(0.02)
    _send(pids, signal.SIGKILL)


def adopted(mark: str) -> list[int]:
    """Give our children whose environment holds `mark`, with all below them."""
    found = []
    for child in children(os.getpid()):
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{child}/environ").read_bytes():
                found += tree(child)
    return found


def end_adopted(mark: str) -> None:
    """Kill what `adopted` finds, and reap it."""
    left = adopted(mark)
    _send(left, signal.SIGKILL)
    for pid in left:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _kilobytes(path: Path, field: str) -> float:
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(field):
                return float(line.split()[1])
    return 0.0
