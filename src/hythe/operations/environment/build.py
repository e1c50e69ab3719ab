"""Build an environment once, whoever else wants it at the same time, and whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hythe.base.progress import Progress
from hythe.bundle.canonical import canonical
from hythe.bundle.storage import storage_errors
from hythe.operations.environment.install import install
from hythe.operations.environment.recipe import Recipe
from hythe.runtime.native.in_use import MARK

FOLDER = "environments"
"""The folder under the home, with a folder for each environment, a lock for each, and half-built ones."""
LOCK, HALF_BUILT = ".lock", ".building"


def interpreter(folder: Path) -> Path:
    """Give the Python of an environment."""
    return folder / "bin" / "python"


def built(recipe: Recipe, home: Path, progress: Progress) -> Path:
    """Give the folder of the environment, built first where it is not there.

    It grows beside its place and moves there when it is whole, so that a crash leaves nothing half; who wants
    it meanwhile waits.

    Raises:
        Unsupported: when its Python is not on this machine.
        Unavailable: when a distribution cannot be installed, or the disk is full.

    """
    place = home / FOLDER
    folder = place / recipe.key
    if (folder / MARK).is_file():
        return folder
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        with alone(place / f"{recipe.key}{LOCK}", progress):
            if not (folder / MARK).is_file():
                _build(recipe, place / f"{recipe.key}{HALF_BUILT}", progress)
                shutil.rmtree(folder, ignore_errors=True)
                (place / f"{recipe.key}{HALF_BUILT}").rename(folder)
    return folder


@contextmanager
def alone(path: Path, progress: Progress) -> Iterator[None]:
    """Keep other processes away from what the lock file `path` stands for; it is freed by any end of ours."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.step("waiting for a process that builds the same environment")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _build(recipe: Recipe, half: Path, progress: Progress) -> None:
    shutil.rmtree(half, ignore_errors=True)  # a builder was killed
    try:
        install(recipe, half, progress)
        (half / MARK).write_bytes(canonical({"python": recipe.python, "pins": recipe.pins}))
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
