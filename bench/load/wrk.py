"""`wrk` as a function: so many connections for so long, closed loop."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from load.target import Target

SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw; `refused` answers had a status of 400 or more, `lost` ones never came."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    refused: int
    lost: int

    @property
    def rate(self) -> float:
        """Give the answers a second that were not refused."""
        return (self.requests - self.refused) / self.seconds


def available() -> bool:
    """Say whether wrk is installed (Debian package `wrk`)."""
    return shutil.which("wrk") is not None


def wrk(target: Target, bodies: Path, *, connections: int, seconds: int) -> Load:
    """Post the lines of `bodies` over some connections, from one thread, for whole seconds."""
    command = [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", str(SCRIPT), target.url,
        "--", str(bodies), *(text for header in target.headers.items() for text in header),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr.strip()}")
    return Load(**json.loads(done.stdout.splitlines()[-1]))
