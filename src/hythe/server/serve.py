"""Serve endpoints over HTTP until told to stop."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from hythe.base.errors import Invalid
from hythe.dataplane.admit import Limits
from hythe.dataplane.spec import EndpointSpec
from hythe.runtime.child import ChildConfig
from hythe.runtime.counters import Counters, create
from hythe.runtime.listener import address, open_door
from hythe.runtime.supervisor import Supervisor, SupervisorConfig
from hythe.server.http.granian import RuntimeMode

_MOST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """Where to listen and how to run; port 0 takes a free one, `threads` are those of one model's session."""

    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 1
    mode: RuntimeMode = "st"
    limits: Limits = field(default_factory=Limits)
    child: ChildConfig = field(default_factory=ChildConfig)
    supervisor: SupervisorConfig = field(default_factory=SupervisorConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _MOST_PORT:
            raise Invalid(f"port is {self.port}; give 0 to {_MOST_PORT}, where 0 takes a free one")
        if self.threads < 1:
            raise Invalid(f"threads is {self.threads}; give 1 or more")


class WorkerSpec(msgspec.Struct, frozen=True):
    """All that a worker is told, as JSON."""

    endpoints: tuple[EndpointSpec, ...]
    limits: Limits
    child: ChildConfig
    threads: int
    mode: RuntimeMode
    drain_s: float


class Server:
    """The parent process of a server; `run` blocks, `stop` may come from any thread."""

    def __init__(self, endpoints: Sequence[EndpointSpec], config: ServeConfig) -> None:
        names = [endpoint.name for endpoint in endpoints]
        if not names:
            raise Invalid("there is nothing to serve; name at least one endpoint")
        if len(set(names)) < len(names):
            repeated = next(name for name in names if names.count(name) > 1)
            raise Invalid(f"endpoint {repeated!r} is given twice; give each a name of its own")
        self._config = config
        self._spec = WorkerSpec(
            tuple(endpoints),
            config.limits,
            config.child,
            config.threads,
            config.mode,
            config.supervisor.drain_s,
        )
        self._supervisor: Supervisor | None = None
        self._stopped = False

    def run(self, on_ready: Callable[[str], None] = lambda _address: None) -> None:
        """Serve until SIGTERM, SIGINT or `stop`; `on_ready` hears the URL once every worker takes traffic.

        A stop turns readiness off, closes connections as they answer, waits for what is in flight, then
        ends; a second one kills.

        Raises:
            Unavailable: when the address is taken, or the workers cannot start.

        """
        config = self._config
        spec, counters = _memory(msgspec.json.encode(self._spec)), create(config.supervisor.workers + 1)
        with open_door(config.host, config.port) as door:
            inherited = (door.fileno(), counters, spec)
            self._supervisor = Supervisor(
                lambda slot, talk: _command(slot, talk, *inherited),
                inherited,
                door,
                config.supervisor,
                # Slot 0 of the counters is the parent's own.
                counters=Counters(counters, 0),
            )
            if self._stopped:
                self._supervisor.stop()
            try:
                self._supervisor.run(lambda: on_ready(address(door)))
            finally:
                os.close(spec)
                os.close(counters)

    def stop(self) -> None:
        """Stop as SIGTERM does; called again, kill."""
        self._stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()


def serve(
    endpoints: Sequence[EndpointSpec],
    config: ServeConfig | None = None,
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve endpoints until told to stop; see `Server.run`."""
    Server(endpoints, config or ServeConfig()).run(on_ready)


def _command(slot: int, talk: int, *inherited: int) -> list[str]:
    numbers = [str(number) for number in (slot + 1, talk, *inherited)]
    return [sys.executable, "-P", "-m", "hythe.server.worker", *numbers]


def _memory(data: bytes) -> int:
    """Put bytes into a file that lives in memory, for children to inherit."""
    descriptor = os.memfd_create("hythe-endpoints")
    os.write(descriptor, data)
    return descriptor
