"""The line to the parent process, as a serving process holds it: it says how it is, and hears when to end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from enum import Enum

from hythe.base.errors import HytheError
from hythe.runtime.log import Log
from hythe.runtime.slot import DRAIN, FAILED, READY, STOP

_LOG = Log("hythe.serving")


class End(Enum):
    """Why a process ends."""

    STOP = "the parent says stop to all its processes"
    ALONE = "this process alone is asked to end, by SIGTERM"
    ORPHANED = "the parent is gone"


class Parent:
    """Talks over the inherited descriptor `talk`."""

    def __init__(self, talk: int) -> None:
        self._socket = socket.socket(fileno=talk)

    def ready(self) -> None:
        """Say that this process takes traffic."""
        self._socket.sendall(f"{READY}\n".encode())

    def failed(self, err: HytheError) -> None:
        """Say why this process cannot start."""
        self._socket.sendall(f"{FAILED} {err}\n".encode())

    async def says_stop(self, drain: Callable[[], None]) -> End:
        """Wait for the end, and call `drain` when it is announced; SIGTERM does no more from then on."""
        alone = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, alone.set)
        told = asyncio.create_task(self._follow(drain))
        asked = asyncio.create_task(alone.wait())
        try:
            await asyncio.wait({told, asked}, return_when=asyncio.FIRST_COMPLETED)
            return told.result() if told.done() else End.ALONE
        finally:
            told.cancel()
            asked.cancel()

    async def _follow(self, drain: Callable[[], None]) -> End:
        reader, _writer = await asyncio.open_connection(sock=self._socket)
        while line := await reader.readline():
            word = line.decode().strip()
            if word == DRAIN:
                drain()
            elif word == STOP:
                return End.STOP
        _LOG.warning("the parent process is gone")
        return End.ORPHANED


def new_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop, or asyncio's where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
