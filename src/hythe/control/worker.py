"""The API's process; the parent runs it as `python -m hythe.control.worker PLACE TALK SPEC`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from hythe.base.errors import HytheError
from hythe.control.api import make_api
from hythe.control.callers import Callers
from hythe.control.spec import ControlSpec
from hythe.operations.issuers import Issuers
from hythe.registry.registry import Registry
from hythe.runtime.listener import listen, lock_door
from hythe.runtime.parent import End, Parent, new_loop
from hythe.security.tls import Tls

_BUSY_TIMEOUT_S = 5.0


class _Http(uvicorn.Server):
    """Uvicorn, which leaves signals to us, and says when connections may come."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals as they are."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()


def main(_place: int, talk: int, spec: int) -> int:
    """Answer until the parent says stop, or is gone; gives the exit status."""
    told = ControlSpec.read(spec)
    config = told.config
    registry = Registry.open(Path(config.home), config.catalog, busy_timeout_s=_BUSY_TIMEOUT_S, makes=False)
    callers = Callers(
        registry.catalog, Issuers(config.issuers), actor=config.actor, anonymous=config.anonymous
    )
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(_work(told, Parent(talk), _http(registry, callers, config.tls)))
    finally:
        registry.close()


def _http(registry: Registry, callers: Callers, tls: Tls | None) -> _Http:
    return _Http(
        uvicorn.Config(
            make_api(registry, callers),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # what a client sends that is no HTTP is not worth a line
            access_log=False,
            server_header=False,
            ssl_certfile=tls.cert if tls else None,
            ssl_keyfile=tls.key if tls else None,
            ssl_ca_certs=tls.client_ca or None if tls else None,
            ssl_cert_reqs=ssl.CERT_REQUIRED if tls and tls.client_ca else ssl.CERT_NONE,
        )
    )


async def _work(spec: ControlSpec, parent: Parent, http: _Http) -> int:
    door = socket.socket(fileno=spec.door)
    try:
        listen(door)
    except HytheError as err:
        parent.failed(err)
        return 1
    serving = asyncio.create_task(http.serve([door]))
    started = asyncio.create_task(http.listening.wait())
    await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
    if started.done():
        parent.ready()
        await _until_stopped(parent, door, spec.drain_s, serving)
        http.should_exit = True
    started.cancel()
    await serving
    return 0


async def _until_stopped(
    parent: Parent, door: socket.socket, drain_s: float, serving: asyncio.Task[None]
) -> None:
    """Wait for the end; those who are waiting to be let in are let in first."""
    ending = asyncio.create_task(parent.says_stop(lambda: None))
    await asyncio.wait({ending, serving}, return_when=asyncio.FIRST_COMPLETED)
    if not ending.done():
        ending.cancel()
        return
    if ending.result() is End.ORPHANED:
        await asyncio.sleep(drain_s)
    if ending.result() is not End.ALONE:
        await asyncio.to_thread(lock_door, door)


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
