"""One server's turn: start it, load it at each level, read what it cost, end it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fixtures.serving import Demo
from load.processes import cpu_s, largest, proportional_mb, resident_mb
from load.server import Started, started
from load.target import Target
from load.wrk import Load, wrk

from hythe.testing.services import free_port
from peers.peer import Peer, Place

WARM_CONNECTIONS, WARM_S = 16, 1


@dataclass(frozen=True, slots=True)
class Level:
    """What one number of connections gave, and the server's CPU microseconds for each request."""

    load: Load
    cpu_us: float


@dataclass(slots=True)
class Turn:
    """All that one turn measured; `extras` are what only some servers are asked."""

    first_answer_s: float
    worker_mb: float = 0.0
    total_mb: float = 0.0
    levels: dict[int, Level] = field(default_factory=dict)
    extras: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A peer that answers, and where."""

    peer: Peer
    place: Place
    server: Started

    @property
    def target(self) -> Target:
        """Give where requests for one row go."""
        return self.server.target


Extra = Callable[[Running, Demo], dict[str, float]]


@contextmanager
def running(peer: Peer, demo: Demo, authorization: str = "") -> Iterator[Running]:
    """Start a peer on free ports; it has answered the demo's first row rightly when the block begins.

    Raises:
        DidNotStart: when it does not.

    """
    place = Place(demo.folder, free_port(), free_port(), free_port())
    target = Target(f"http://127.0.0.1:{place.port}{peer.path}", authorization=authorization)
    read = peer.probability

    def right(answer: bytes) -> bool:
        return read is None or demo.right(read(json.loads(answer)))

    peer.prepare(place)
    log = demo.folder / f"{peer.environment or peer.name}.log"
    with started(
        peer.command(place), target, peer.body(demo.rows[0]), right,
        log=log, environment={**place.environment, **peer.variables}, folder=peer.working_folder,
    ) as server:  # fmt: skip
        yield Running(peer, place, server)


def take_turn(
    peer: Peer, demo: Demo, connections: Sequence[int], seconds: int, *, authorization: str = "",
    extra: Extra | None = None,
) -> Turn:  # fmt: skip
    """Measure one server, alone on the machine."""
    bodies = demo.folder / f"{peer.environment or peer.name}.jsonl"
    bodies.write_bytes(b"\n".join(peer.body(row) for row in demo.rows))
    with running(peer, demo, authorization) as at:
        turn = Turn(at.server.first_answer_s)
        wrk(at.target, bodies, connections=WARM_CONNECTIONS, seconds=WARM_S)
        for count in connections:
            before = cpu_s(at.server.processes())
            load = wrk(at.target, bodies, connections=count, seconds=seconds)
            spent = cpu_s(at.server.processes()) - before
            turn.levels[count] = Level(load, spent / max(load.requests, 1) * 1e6)
        pids = at.server.processes()
        turn.worker_mb, turn.total_mb = resident_mb(largest(pids, peer.worker)), proportional_mb(pids)
        if extra is not None:
            turn.extras = extra(at, demo)
    return turn
