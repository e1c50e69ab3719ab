"""Keep a package that is installed, but not needed, from being imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


@contextmanager
def keep_out(package: str) -> Iterator[None]:
    """While the block runs, have `package` look as if it were not installed; one already imported stays.

    Some libraries import another on first use, to see whether they are given its objects: pyarrow does so
    with pandas, which takes a quarter of a second and 40 MB of every process.
    """
    absent = _Absent(package)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


class _Absent(MetaPathFinder):
    """Finds no package of one name, and lets nobody else look for it."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Find nothing; the import system asks this before other finders."""
        if name == self._package:
            raise ModuleNotFoundError(f"{name} is kept out of this process", name=name)
