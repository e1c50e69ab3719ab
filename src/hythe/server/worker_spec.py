"""All that a process of a server is told, as JSON in memory that it inherits."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Invalid
from hythe.dataplane.admit import Limits
from hythe.operations.placing import Placing
from hythe.operations.predictions.log import PredictionLog
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.metering import Metering
from hythe.runtime.session_config import SessionConfig
from hythe.runtime.told import from_memory, into_memory
from hythe.security.tls import Tls
from hythe.security.tokens import Issuer
from hythe.server.tracing import Tracing


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where plans and keys come from: the home, the catalog's URL, and who issues tokens.

    `variant` is the one that is to answer; without it, the fastest that was proven. `placing` is where it is
    to run, and so where its goldens are replayed. The catalog is looked at every `look_s` seconds, beside
    whenever a change is announced. With `follow_all` all of its endpoints are served, those made later too,
    else those alone that the server began with.
    """

    home: str
    catalog: str
    variant: str | None = None
    issuers: tuple[Issuer, ...] = ()
    placing: Placing = Placing()
    look_s: float = 1.0
    follow_all: bool = False

    def __post_init__(self) -> None:
        if not self.look_s > 0:
            raise Invalid(f"look_s is {self.look_s}; give more than 0 seconds")


class Descriptors(msgspec.Struct, frozen=True):
    """File descriptors that all processes of a server inherit, by the same numbers.

    `door` listens for HTTP. `counters`, `limiter`, `bulletin` and `in_flight` are memory for the modules
    `counters`, `limiter`, `bulletin` and `fingerprints` of `hythe.runtime`. Where there is a sidecar each
    place has a ring of its own; `predictions` is the one from the sidecar to the writer of the prediction
    log, where there is one.
    """

    door: int
    counters: int
    limiter: int
    bulletin: int
    in_flight: int
    rings: tuple[int, ...]
    predictions: int | None = None

    @property
    def memory(self) -> tuple[int, ...]:
        """All of them but the door."""
        own = () if self.predictions is None else (self.predictions,)
        return self.counters, self.limiter, self.bulletin, self.in_flight, *self.rings, *own

    @property
    def all(self) -> tuple[int, ...]:
        """Every one, as a child inherits them."""
        return self.door, *self.memory


class WorkerSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every process of a server is told; what to serve is in the bulletin.

    `places` is the number of parts that shared memory has; `grpc_port` is 0 where there is no gRPC.
    `access_log` is a path, `-` for standard output, "" for none; `join_share` of the prediction ids are kept
    with their answers, for feedback to be joined to them.
    """

    descriptors: Descriptors
    places: int
    host: str
    limits: Limits
    batching: BatchPolicy
    session: SessionConfig
    drain_s: float
    tls: Tls | None = None
    grpc_port: int = 0
    anonymous: bool = True
    access_log: str = ""
    join_share: float = 0.1
    prediction_log: PredictionLog | None = None
    tracing: Tracing | None = None
    metering: Metering | None = None
    source: Source | None = None

    def into_memory(self) -> int:
        """Write it into a file that lives in memory; give the descriptor, for children to inherit."""
        return into_memory(self, "hythe-spec")

    @classmethod
    def read(cls, descriptor: int) -> WorkerSpec:
        """Read what `into_memory` wrote."""
        return from_memory(descriptor, cls)
