"""What this process may use of the machine: processors and memory, with the limits of its control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_MINE = Path("/proc/self/cgroup")


def cpus(root: Path = _ROOT, mine: Path = _MINE) -> float:
    """Give how many processors this process may keep busy, such as 1.5."""
    found = float(len(os.sched_getaffinity(0)))
    for folder in _folders(root, mine, "cpu"):
        quota, period = _cpu_limit(folder)
        if quota > 0 and period > 0:
            found = min(found, quota / period)
    return found


def memory_bytes(root: Path = _ROOT, mine: Path = _MINE) -> int:
    """Give how much memory this process and its children may use."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for folder in _folders(root, mine, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            found = min([found, *_numbers(folder / name)[:1]])
    return found


def _folders(root: Path, mine: Path, controller: str) -> Iterator[Path]:
    """Give the folders of this process's control groups, from its own up to the root (versions 2 and 1)."""
    try:
        lines = mine.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = root / controller if controllers else root
        place = base / path.lstrip("/")
        while place != base:
            yield place
            place = place.parent
        yield base


def _cpu_limit(folder: Path) -> tuple[int, int]:
    """Read quota and period in microseconds; 0 where there is no limit."""
    both = _numbers(folder / "cpu.max")
    if len(both) == 2:  # noqa: PLR2004 - quota and period
        return both[0], both[1]
    old = [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
    return (old[0], old[1]) if len(old) == 2 else (0, 0)  # noqa: PLR2004 - as above


def _numbers(file: Path) -> list[int]:
    """Read the numbers of a file of the kernel; none where it says `max`, or is not there."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []
