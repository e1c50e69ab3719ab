"""The server under fuzz: packed models, started as users start it, its right answers, and what it holds."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load.processes import descriptors, proportional_mb
from load.server import Started, started
from load.target import Target

from fuzzing.subjects import SUBJECTS, pack_all
from hythe.testing.services import free_port

VERTEX = {"AIP_PREDICT_ROUTE": "/vertex/predict", "AIP_HEALTH_ROUTE": "/vertex/health"}
_HTTP, _GRPC = "hythe.server.worker", "hythe.server.grpc"


@dataclass(slots=True)
class Served:
    """A running server; `golden` are its answers to the subjects' rows before anything hostile came."""

    server: Started
    port: int
    grpc_port: int
    log: Path
    golden: dict[str, Any] = field(default_factory=dict)
    pids: frozenset[int] = frozenset()

    def remember(self) -> None:
        """Note the right answers, and which processes there are."""
        self.golden = {subject.name: self._ask(subject.name) for subject in SUBJECTS}
        self.pids = frozenset(self.server.processes())

    def changed(self) -> list[str]:
        """Name the endpoints that no longer answer bit by bit as they did."""
        return [name for name, right in self.golden.items() if self._ask(name) != right]

    def replaced(self) -> frozenset[int]:
        """Give the processes that have gone or come."""
        return self.pids ^ frozenset(self.server.processes())

    def memory_mb(self) -> float:
        """Give the memory of all processes; a page that several share is counted once."""
        return proportional_mb(self.server.processes())

    def descriptors(self) -> int:
        """Count the open descriptors of all processes."""
        return sum(map(descriptors, self.server.processes()))

    def mistakes(self) -> list[str]:
        """Give the log's lines about what nobody expected; a deadline that a case set itself is expected."""
        lines = self.log.read_text(errors="replace").splitlines()
        odd = [line for line in lines if "unexpected error" in line or "Traceback" in line]
        return [line for line in odd if '"error.code": "timed_out"' not in line]

    def _ask(self, name: str) -> Any:
        rows = next(subject.rows for subject in SUBJECTS if subject.name == name)
        target = Target(f"http://127.0.0.1:{self.port}/predict/{name}")
        try:
            status, body = target.ask(json.dumps({"rows": rows}).encode())
        except (OSError, http.client.HTTPException) as err:
            return repr(err)
        return json.loads(body)["predictions"] if status == 200 else body


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Pack the models and serve them while the block runs."""
    home = folder / "home"
    pack_all(folder, home)
    port, grpc_port = free_port(), free_port()
    names = [subject.name for subject in SUBJECTS]
    command = [
        sys.executable, "-m", "hythe.cli.main", "serve", *names, "--home", str(home), "--port", str(port),
        "--grpc-port", str(grpc_port), "--workers", "1", "--threads", "1", "--environment", "here",
        "--access-log", str(folder / "access.log"),
    ]  # fmt: skip
    log = folder / "server.log"
    first = SUBJECTS[1]
    target = Target(f"http://127.0.0.1:{port}/predict/{first.name}")
    probe = json.dumps({"rows": first.rows}).encode()
    with started(command, target, probe, lambda _answer: True, log=log, environment=VERTEX) as server:
        at = Served(server, port, grpc_port, log)
        _wait_for_grpc(grpc_port)
        at.remember()
        yield at


def _wait_for_grpc(port: int) -> None:
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
