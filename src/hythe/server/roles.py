"""The kinds of processes that a server is made of, and the place that each has in shared memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hythe.runtime.role import Command, Role

PARENT = 0
"""The parent's own place."""
_LOW = 10
"""The niceness of the sidecar and the prediction log's writer, which work beside serving. The steward does
little, and who goes back waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Which kinds there are beside `workers` HTTP workers."""

    workers: int
    grpc: bool = False
    steward: bool = False
    sidecar: bool = False
    prediction_log: bool = False

    @property
    def places(self) -> int:
        """How many places the shared memory needs."""
        return 1 + sum(wanted for _, wanted in self._wanted())

    def roles(self, spec: int, inherit: Sequence[int]) -> list[Role]:
        """Give the roles; each process reads what it is told from the descriptor `spec`."""
        first, found = 1, []
        for role, wanted in self._wanted():
            places = range(first, first + wanted)
            found.append(_role(role, places, spec, inherit))
            first += wanted
        return found

    def _wanted(self) -> Iterator[tuple[str, int]]:
        """Name the kinds and their places: what serves has one more, for a new process beside an old one."""
        yield "http", self.workers + 1
        if self.grpc:
            yield "grpc", 2
        if self.steward:
            yield "steward", 1
        if self.sidecar:
            yield "sidecar", 1
        if self.prediction_log:
            yield "predictions", 1


_MODULES = {
    "http": "hythe.server.worker",
    "grpc": "hythe.server.grpc.worker",
    "steward": "hythe.server.steward_main",
    "sidecar": "hythe.server.sidecar",
    "predictions": "hythe.server.prediction_log",
}


def _role(name: str, places: range, spec: int, inherit: Sequence[int]) -> Role:
    serves = name in {"http", "grpc"}
    return Role(
        name=name,
        command=_command(_MODULES[name], spec),
        places=places,
        count=len(places) - 1 if serves else 1,
        serves=serves,
        reads=name != "steward",  # it writes what the others read
        inherit=(*inherit, spec),
        nice=_LOW if name in {"sidecar", "predictions"} else 0,
    )


def _command(module: str, spec: int) -> Command:
    return lambda place, talk: [sys.executable, "-P", "-m", module, str(place), str(talk), str(spec)]
