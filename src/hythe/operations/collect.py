"""Remove what nothing needs: blobs without a version, files of a dead process, environments of no lock."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hythe.operations.environment.stale import stale
from hythe.operations.layout import UNPACKED
from hythe.registry.blobs import Freed
from hythe.registry.registry import Registry


def collect(registry: Registry) -> Freed:
    """Free blobs that no version names, what interrupted writers left, and models of processes that are gone.

    Environments that no version's lock asks for go too, unless somebody runs in them.

    Raises:
        Corrupt: when a manifest is damaged, so that its layers may still be whole; nothing is freed then.

    """
    freed = registry.gc()
    place = registry.home / UNPACKED
    gone = [folder for folder in place.iterdir() if _owner_is_gone(folder)] if place.is_dir() else []
    gone += stale(registry)
    files = [path for folder in gone for path in folder.rglob("*") if path.is_file()]
    size = sum(path.lstat().st_size for path in files if path.lstat().st_nlink == 1)
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return Freed(freed.files + len(files), freed.bytes + size)


def _owner_is_gone(folder: Path) -> bool:
    """Tell from the folder's name, which begins with its owner's process id."""
    owner = folder.name.partition("-")[0]
    if not owner.isdigit():
        return False
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, and alive
        return False
    return False
