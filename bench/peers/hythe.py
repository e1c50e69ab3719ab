"""Hythe as users start it: keys required, validation, metrics, observation and access log on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures.serving import NAMED

from peers.peer import Peer, Place

COMMAND = (sys.executable, "-m", "hythe.cli.main")
WORKER = "hythe.server.worker"
ALWAYS = ("--workers", "1", "--threads", "1", "--no-anonymous")


def hythe(*models: str, grpc: bool = False, options: Sequence[str] = ()) -> Peer:
    """Describe `hythe serve` of some models (the demo's when none is named); the first one is asked."""
    names = models or (NAMED,)

    def command(place: Place) -> list[str]:
        home, port = str(place.folder / "home"), str(place.port)
        door = ["--grpc-port", str(place.grpc_port)] if grpc else []
        log = ["--access-log", str(place.folder / "access.log")]
        return [*COMMAND, "serve", *names, "--home", home, "--port", port, *ALWAYS, *log, *door, *options]

    return Peer(
        name="Hythe",
        command=command,
        path=f"/predict/{names[0]}",
        probability=lambda answer: float(answer["predictions"][0]["probabilities"]["1"]),
        worker=WORKER,
    )


def make_key(home: Path) -> str:
    """Make a key that may do everything; gives the value of the `Authorization` header."""
    command = [*COMMAND, "key", "create", "--home", str(home), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return f"Bearer {json.loads(done.stdout)['key']}"
