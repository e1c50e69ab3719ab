"""An HTTP server that does what it was told, well-behaved or not, for tests of clients."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

_OK = 200


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one request: answer it, then `afterwards` keep the connection or close it unannounced.

    `instead` of an answer the connection may be reset, or the request be left without one.
    """

    status: int = _OK
    document: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    afterwards: Literal["keep", "close"] = "keep"
    instead: Literal["", "reset", "silence"] = ""

    def encode(self) -> bytes:
        """Write the answer."""
        body = self.document if isinstance(self.document, bytes) else msgspec.json.encode(self.document)
        lines = [f"HTTP/1.1 {self.status} x", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + body


RESET = Step(instead="reset")
SILENCE = Step(instead="silence")


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class ScriptedServer:
    """Takes its steps in turn, one for each request; the last one again and again."""

    steps: Sequence[Step]
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._answer(reader, writer):
                    pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Do the next step with the next request; false when it was the connection's last."""
        self.heard.append(await _request(reader))
        step = self.steps[min(len(self.heard), len(self.steps)) - 1]
        if step.instead == "reset":
            writer.transport.abort()
        elif step.instead == "silence":
            await reader.read()
        else:
            writer.write(step.encode())
            await writer.drain()
        return not step.instead and step.afterwards == "keep"


async def _request(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in lines)}
    return Heard(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@contextmanager
def scripted(*steps: Step) -> Iterator[ScriptedServer]:
    """Run a server on a free port of this machine until the block ends."""
    server = ScriptedServer(steps)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(server, started, stop),))
    thread.start()
    started.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(server: ScriptedServer, started: threading.Event, stop: asyncio.Event) -> None:
    talks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(server.talk(reader, writer)))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    started.set()
    await stop.wait()
    listening.close()
    for talk in talks:
        talk.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
