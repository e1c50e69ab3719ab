"""A small disk of its own, to be filled or written off; only root may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hythe.testing.services import or_skip, program

_PIECE = 2**16


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """Mount an empty disk at `folder` while the block runs; skip the test where nobody may."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    with or_skip():
        mount, umount = program("mount"), program("umount")
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine lets nobody mount: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave a disk no room while the block runs."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(_PIECE)) == _PIECE:
            pass
    try:
        yield
    finally:
        filler.unlink()
