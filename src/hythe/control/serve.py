"""Run a control plane by itself, until told to stop."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hythe.control.roles import processes
from hythe.control.spec import ControlConfig
from hythe.runtime import counters, fingerprints
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.ledger import Ledger
from hythe.runtime.supervisor import Supervisor, SupervisorConfig

_NOTHING_IS_PUBLISHED = 1
_PARENT = 0


class ControlPlane:
    """The parent of a control plane's processes; `run` blocks, `stop` may come from any thread."""

    def __init__(self, config: ControlConfig, supervisor: SupervisorConfig | None = None) -> None:
        self._config = config
        self._how = supervisor or SupervisorConfig()
        self._supervisor: Supervisor | None = None
        self._stopped = False

    def run(self, on_ready: Callable[[str], None] = lambda _url: None) -> None:
        """Run until SIGTERM, SIGINT or `stop`; `on_ready` hears the API's URL, "" without an API.

        Raises:
            Unavailable: when the address is taken, or the processes cannot start.
            Unsupported: when the extra `control` is not installed.

        """
        with processes(self._config, self._how.drain_s) as found, ExitStack() as stack:
            roles = found.roles(_PARENT + 1)
            places = _PARENT + 1 + found.places
            memory = counters.create(places), fingerprints.create(places)
            for descriptor in memory:
                stack.callback(os.close, descriptor)
            ledger = Ledger(Bulletin.create(_NOTHING_IS_PUBLISHED), fingerprints.Crashes(memory[1]))
            counts = counters.Counters(memory[0], _PARENT)
            watched = [Path(path) for path in self._config.tls.files] if self._config.tls else []
            self._supervisor = Supervisor(roles, None, self._how, ledger, counts, watched=watched)
            if self._stopped:
                self._supervisor.stop()
            self._supervisor.run(lambda: on_ready(found.url))

    def stop(self) -> None:
        """Stop as SIGTERM does; called again, kill."""
        self._stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()
