"""What a process unpacked goes when the process is gone, and not before."""

import os
import subprocess
import sys
from pathlib import Path

from hythe.operations.collect import collect
from hythe.operations.layout import UNPACKED
from hythe.registry.registry import Registry


def unpacked(home: Path, owner: int) -> Path:
    folder = home / UNPACKED / f"{owner}-churn-abc"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"12345")
    return folder


def test_only_the_files_of_a_process_that_is_gone_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    registry = Registry.open(tmp_path)
    gone, alive = unpacked(tmp_path, ended.pid), unpacked(tmp_path, os.getpid())
    freed = collect(registry)
    registry.close()
    assert (freed.files, freed.bytes) == (1, 5)
    assert not gone.exists()
    assert alive.exists()
