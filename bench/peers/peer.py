"""What a peer is: how its server is started, and how one row is asked of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers.environment import HERE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs: the folder of the demo's files, and free ports (HTTP, gRPC, and a third)."""

    folder: Path
    port: int
    grpc_port: int
    metrics_port: int

    @property
    def environment(self) -> dict[str, str]:
        """Give what the servers' own code reads, one thread a model call."""
        return {"BENCH_FOLDER": str(self.folder), "BENCH_PORT": str(self.port), "OMP_NUM_THREADS": "1"}


def as_it_is(row: Mapping[str, float]) -> Any:
    """Send the row itself."""
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server to measure.

    `probability` reads the answer's probability of class 1; None where the answer is constant. `environment`
    names the folder of its pins, None where nothing of PyPI is needed.
    """

    name: str
    command: Callable[[Place], Sequence[str]]
    path: str = "/predict"
    wrap: Callable[[Mapping[str, float]], Any] = as_it_is
    probability: Callable[[Any], float] | None = None
    environment: str | None = None
    folder: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Place], None] = lambda _place: None
    worker: str = ""

    def body(self, row: Mapping[str, float]) -> bytes:
        """Write the request for one row."""
        return json.dumps(self.wrap(row), separators=(",", ":")).encode()

    @property
    def working_folder(self) -> Path | None:
        """Give the folder in which the server starts."""
        return None if self.folder is None else HERE / self.folder
