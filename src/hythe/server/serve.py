"""Serve endpoints over HTTP, and gRPC where asked, until told to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hythe.base.errors import Invalid
from hythe.dataplane.admit import Limits
from hythe.dataplane.spec import EndpointSpec, Posting
from hythe.operations.predictions.log import PredictionLog
from hythe.runtime import counters, fingerprints, limiter, ring
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.ledger import Ledger
from hythe.runtime.limiter import Limiter
from hythe.runtime.listener import address, listen, reserve_port, take_address
from hythe.runtime.metering import Metering
from hythe.runtime.role import Beside
from hythe.runtime.session_config import SessionConfig
from hythe.runtime.supervisor import Supervisor, SupervisorConfig
from hythe.security.keys import KeyEntry
from hythe.security.tls import Tls
from hythe.security.tokens import Issuer
from hythe.server.roles import PARENT, Kinds
from hythe.server.tracing import Tracing
from hythe.server.worker_spec import Descriptors, Source, WorkerSpec

_MOST_PORT = 65535
_LOG_RING_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """Where to listen and how to run; port 0 takes a free one.

    Without `grpc_port` there is no gRPC, without `source` what is served stays as it is at the start.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    grpc_port: int | None = None
    tls: Tls | None = None
    anonymous: bool = True
    access_log: str = ""
    join_share: float = 0.1
    prediction_log: PredictionLog | None = None
    tracing: Tracing | None = None
    metering: Metering | None = None
    limits: Limits = field(default_factory=Limits)
    batching: BatchPolicy = field(default_factory=BatchPolicy)
    session: SessionConfig = field(default_factory=SessionConfig)
    supervisor: SupervisorConfig = field(default_factory=SupervisorConfig)
    source: Source | None = None

    def __post_init__(self) -> None:
        for port in (self.port, self.grpc_port or 0):
            if not 0 <= port <= _MOST_PORT:
                raise Invalid(f"port is {port}; give 0 to {_MOST_PORT}, where 0 takes a free one")
        if not 0 <= self.join_share <= 1:
            raise Invalid(f"join_share is {self.join_share}; give a share from 0 to 1")

    @property
    def kinds(self) -> Kinds:
        """The processes that this asks for."""
        return Kinds(
            workers=self.supervisor.workers,
            grpc=self.grpc_port is not None,
            steward=self.source is not None,
            sidecar=any((self.source, self.access_log, self.tracing, self.metering, self.prediction_log)),
            prediction_log=self.prediction_log is not None,
        )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a server is: the URL of HTTP, and `host:port` of gRPC where there is any."""

    url: str
    grpc: str = ""

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may ask from the first request on; `restore` puts down what keys have used of their quotas."""

    keys: tuple[KeyEntry, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    restore: Callable[[Limiter], None] = lambda _limiter: None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server serves from its first request on, and to whom."""

    endpoints: tuple[EndpointSpec, ...]
    callers: Callers = Callers()


Prepare = Callable[[], Offer]
OnReady = Callable[[Addresses], None]


def ignore(_addresses: Addresses) -> None:
    """Do nothing when the server is ready."""


class Server:
    """The parent process of a server; `run` blocks, `stop` may come from any thread.

    `prepare` makes what is served while the processes that will serve it start; those `beside` them start,
    and end, with them.
    """

    def __init__(self, prepare: Prepare, config: ServeConfig, beside: Beside | None = None) -> None:
        self._prepare = prepare
        self._config = config
        self._beside = beside
        self._supervisor: Supervisor | None = None
        self._stopped = False

    def run(self, on_ready: OnReady = ignore) -> None:
        """Serve until SIGTERM, SIGINT or `stop`; `on_ready` hears where, once all processes take traffic.

        A stop turns readiness off, closes connections as they answer, waits for what is in flight, then
        ends; a second one kills. SIGHUP, or another certificate in the files of `tls`, replaces the
        processes one after the other.

        Raises:
            Unavailable: when an address is taken, or the processes cannot start.
            HytheError: as `prepare`; nobody was let in.

        """
        with ExitStack() as stack:
            self._supervisor, addresses, begin = self._assembled(stack)
            if self._stopped:
                self._supervisor.stop()
            self._supervisor.run(lambda: on_ready(addresses), begin)

    def stop(self) -> None:
        """Stop as SIGTERM does; called again, kill."""
        self._stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()

    def replace(self) -> None:
        """Replace the processes that serve as SIGHUP does."""
        if self._supervisor is not None:
            self._supervisor.replace()

    def _assembled(self, stack: ExitStack) -> tuple[Supervisor, Addresses, Callable[[], None]]:
        """Take addresses and shared memory, which `stack` gives back, and put the supervisor on them.

        The last that it gives says what to serve, and lets connections come.
        """
        config, kinds, beside = self._config, self._config.kinds, self._beside
        places = kinds.places + (beside.places if beside else 0)
        door = stack.enter_context(take_address(config.host, config.port))
        grpc_port, grpc = 0, ""
        if config.grpc_port is not None:
            held = stack.enter_context(reserve_port(config.host, config.grpc_port))
            grpc = address(held).removeprefix("http://")
            grpc_port = held.getsockname()[1]
        bulletin = Bulletin.create()
        descriptors = Descriptors(
            door=door.fileno(),
            counters=counters.create(places),
            limiter=limiter.create(places),
            bulletin=bulletin.descriptor,
            in_flight=fingerprints.create(places),
            rings=tuple(ring.create() for _ in range(kinds.places)) if kinds.sidecar else (),
            predictions=ring.create(_LOG_RING_BYTES, kinds.places) if kinds.prediction_log else None,
        )
        spec = self._spec(descriptors, places, grpc_port).into_memory()
        for descriptor in (spec, *descriptors.memory):
            stack.callback(os.close, descriptor)
        supervisor = Supervisor(
            [*kinds.roles(spec, descriptors.all), *(beside.roles(kinds.places) if beside else ())],
            door,
            config.supervisor,
            Ledger(bulletin, fingerprints.Crashes(descriptors.in_flight)),
            counters.Counters(descriptors.counters, PARENT),
            watched=[Path(path) for path in config.tls.files] if config.tls else [],
        )
        begin = partial(self._begin, door, bulletin, Limiter(descriptors.limiter, PARENT))
        return supervisor, Addresses(address(door, "https" if config.tls else "http"), grpc), begin

    def _begin(self, door: socket.socket, bulletin: Bulletin, limiter: Limiter) -> None:
        """Prepare what is served, publish it, and let connections come."""
        offer = self._prepare()
        source = self._config.source
        if not offer.endpoints and not (source and source.follow_all):
            raise Invalid("there is nothing to serve; name at least one endpoint")
        posting = Posting(offer.endpoints, keys=offer.callers.keys, issuers=offer.callers.issuers)
        offer.callers.restore(limiter)
        bulletin.publish(posting.encode())
        listen(door)

    def _spec(self, descriptors: Descriptors, places: int, grpc_port: int) -> WorkerSpec:
        config = self._config
        return WorkerSpec(
            descriptors=descriptors,
            places=places,
            host=config.host,
            limits=config.limits,
            batching=config.batching,
            session=config.session,
            drain_s=config.supervisor.drain_s,
            tls=config.tls,
            grpc_port=grpc_port,
            anonymous=config.anonymous,
            access_log=config.access_log,
            join_share=config.join_share,
            prediction_log=config.prediction_log,
            tracing=config.tracing,
            metering=config.metering,
            source=config.source,
        )


def serve(
    endpoints: Sequence[EndpointSpec], config: ServeConfig | None = None, on_ready: OnReady = ignore
) -> None:
    """Serve endpoints until told to stop; see `Server.run`."""
    Server(lambda: Offer(tuple(endpoints)), config or ServeConfig()).run(on_ready)
