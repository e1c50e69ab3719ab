"""A client that repeats nothing and hides nothing: one connection, and what became of each request on it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec


@dataclass(frozen=True)
class Broken(Exception):
    """A connection that ended before the answer; `port` is the client's."""

    port: int
    why: str


class Wire:
    """Asks over a connection that is kept until the server says otherwise."""

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        self._address = urlsplit(url)
        self._tls = tls
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.port = 0

    async def ask(self, endpoint: str, row: dict[str, float]) -> tuple[int, dict[str, Any]]:
        """Give the status and the document of the answer; raises Broken."""
        body = msgspec.json.encode({"rows": [row]})
        head = f"POST /predict/{endpoint} HTTP/1.1\r\nhost: chaos\r\ncontent-length: {len(body)}\r\n\r\n"
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        try:
            reader, writer = self._streams or await self._connected()
            writer.write(head.encode() + body)
            return await self._answer(reader)
        except (OSError, EOFError) as err:
            self.close()
            raise Broken(self.port, repr(err)) from err

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._address.hostname or "", self._address.port or 0
        plain = socket.socket()
        plain.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(plain, (host, port))
            self.port = plain.getsockname()[1]
            self._streams = await asyncio.open_connection(sock=plain, ssl=self._tls, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        return self._streams

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return int(status.split()[1]), msgspec.json.decode(body)
