"""The wall clock of a server's processes, which jumps, while time passes as ever.

libfaketime would do, but with it sleeping on the monotonic clock fails (EINVAL from clock_nanosleep).
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from hythe.testing.services import program

_SOURCE = Path(__file__).with_suffix(".c")


class WallClock:
    """Says by how many seconds the clock is wrong; raises Unsupported where there is no compiler."""

    def __init__(self, folder: Path) -> None:
        library = folder / "wall_clock.so"
        build = [program("cc"), "-shared", "-fPIC", "-O1", "-nostdlib", "-o", str(library), str(_SOURCE)]
        subprocess.run(build, check=True)
        self._file = folder / "wall_clock"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self._file)}

    def step(self, seconds: int) -> None:
        """Set the clock wrong by so many seconds, for all processes at once."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", seconds))
