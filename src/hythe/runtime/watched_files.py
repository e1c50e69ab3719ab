"""Files that may be replaced while a server runs, such as its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class WatchedFiles:
    """Tells whether files are others than when it last looked: another inode, size or time of change."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._seen = [_state(path) for path in paths]

    def __bool__(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._paths)

    def changed(self) -> bool:
        """Look again; a file that is gone for the moment has not changed."""
        now = [_state(path) for path in self._paths]
        found = any(a != b for a, b in zip(now, self._seen, strict=True) if a is not None)
        self._seen = [a or b for a, b in zip(now, self._seen, strict=True)]
        return found


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
