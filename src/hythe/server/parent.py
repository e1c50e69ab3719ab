"""The line to the parent process, as a serving process holds it: it says how it is, and hears when to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

from hythe.base.errors import HytheError
from hythe.runtime.log import Log
from hythe.runtime.slot import DRAIN, FAILED, READY, STOP

_LOG = Log("hythe.serving")


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

    async def says_stop(self, drain: Callable[[], None]) -> bool:
        """Wait for the end, and call `drain` when it is announced.

        True when the parent says stop to all its processes; false when this one alone is asked to end, by
        SIGTERM, or the parent is gone.
        """
        with _terminated() as alone:
            told = asyncio.create_task(self._follow(drain))
            asked = asyncio.create_task(alone.wait())
            try:
                await asyncio.wait({told, asked}, return_when=asyncio.FIRST_COMPLETED)
                return told.done() and told.result()
            finally:
                told.cancel()
                asked.cancel()

    async def _follow(self, drain: Callable[[], None]) -> bool:
        reader, _writer = await asyncio.open_connection(sock=self._socket)
        while line := await reader.readline():
            word = line.decode().strip()
            if word == DRAIN:
                drain()
            elif word == STOP:
                return True
        _LOG.warning("the parent process is gone")
        return False


@contextlib.contextmanager
def _terminated() -> Iterator[asyncio.Event]:
    """Give an event that SIGTERM sets."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, event.set)
    try:
        yield event
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def new_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop, or asyncio's where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
