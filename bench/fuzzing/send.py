"""Sends cases over sockets and gRPC, each within bounded time, and says how each ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from fuzzing.case import Case
from fuzzing.judge import Outcome

PATIENCE_S = 15.0
QUIET_S = 0.15
"""How long a case that is owed nothing may be silent before its sender says that no more will come."""
_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Sender:
    """Sends to one server; `channel` is of `grpc.aio`."""

    port: int
    grpc_port: int
    channel: Any

    async def send(self, case: Case) -> Outcome:
        """Send a case, and wait for its end."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S + 5):
                if case.method:
                    return await self._call(case, begun)
                return await self._exchange(case, begun)
        except TimeoutError:
            return Outcome(hung=True, seconds=time.monotonic() - begun)

    async def _exchange(self, case: Case, begun: float) -> Outcome:
        port = self.grpc_port if case.raw_grpc else self.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        came = bytearray()
        reset = False
        sending = asyncio.create_task(_write(case, writer))
        try:
            await _read(reader, came, QUIET_S if case.owed == 0 else PATIENCE_S)
            if not reader.at_eof():
                if case.owed:
                    return Outcome(bytes(came), hung=True, seconds=time.monotonic() - begun)
                await sending
                writer.write_eof()
                await _read(reader, came, PATIENCE_S)
        except OSError:
            reset = True
        finally:
            hung = not reset and not reader.at_eof()
            await _end(sending, writer)
        return Outcome(bytes(came), hung, reset, time.monotonic() - begun)

    async def _call(self, case: Case, begun: float) -> Outcome:
        import grpc

        method = self.channel.unary_unary(case.method)
        try:
            came = await method(case.pieces[0], timeout=PATIENCE_S)
        except grpc.aio.AioRpcError as err:
            hung = (
                err.code() is grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() - begun > PATIENCE_S - 1
            )
            text = (err.details() or "").encode("utf-8", "replace")
            return Outcome(text, hung, seconds=time.monotonic() - begun, status=err.code().name)
        return Outcome(bytes(came), seconds=time.monotonic() - begun, status="OK")


async def _write(case: Case, writer: asyncio.StreamWriter) -> None:
    for piece in case.pieces:
        writer.write(piece)
        await writer.drain()
        if len(case.pieces) > 1:
            await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader, came: bytearray, patience_s: float) -> None:
    """Read until the end, or until nothing has come for a while."""
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(patience_s):
                data = await reader.read(2**16)
            if not data:
                return
            came += data


async def _end(sending: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
    sending.cancel()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await sending
    # A reset leaves no port behind that waits for a minute; the reply has been read.
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
