"""A large body arrives whole, and does not keep the other connections waiting."""

import asyncio
import random
import socket

import pytest
import uvloop

from hythe.dataplane.admit import Limits
from hythe.server.http.body import LargeBody
from hythe.server.http.connection import Connection
from hythe.server.http.http_server import HttpServer
from hythe.server.http.messages import TEXT
from hythe.server.http.request import Request

BODY = random.Random(0).randbytes(3 * 2**20)
HEAD = b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
PATIENCE_S = 120


class Sized:
    """Answers with the size of the body, and whether it is the one that was sent."""

    closing = False

    def handle(self, request: Request) -> None:
        said = b"%d %d" % (len(request.buffer), request.buffer == BODY)
        request.reply(200, TEXT, said)


class Transport:
    """Knows whether it is to be read."""

    def __init__(self) -> None:
        self.reading = True
        self.closed = False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed


def connected(transport: Transport) -> Connection:
    door = socket.create_server(("127.0.0.1", 0))
    door.close()
    connection = Connection(HttpServer(Sized(), door))
    connection.connection_made(transport)  # type: ignore[arg-type]  # as much of one as is needed
    connection.data_received(HEAD % len(BODY))
    return connection


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_large_body_arrives_whole_and_the_next_request_is_read(loop: object) -> None:
    async def ask() -> bytes:
        door = socket.create_server(("127.0.0.1", 0))
        server = HttpServer(Sized(), door, admits=Limits())
        port = door.getsockname()[1]
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in (BODY, b"12"):
            writer.write(HEAD % len(body) + body)
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            while said.count(b"HTTP/1.1 200 OK") < 2 or not said.endswith(b"2 0"):
                said += await reader.read(2**16)
        writer.close()
        await server.stop(0.1)
        return said

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]  # one of the two above
        said = runner.run(ask())
    assert b"\r\n\r\n%d 1HTTP/1.1 200 OK" % len(BODY) in said


async def test_reading_stops_for_a_turn_of_the_loop_and_goes_on() -> None:
    transport = Transport()
    connection = connected(transport)
    connection.data_received(BODY[: 2**20])
    assert not transport.reading
    await asyncio.sleep(0)
    assert transport.reading


async def test_a_connection_that_ended_meanwhile_is_not_read_on() -> None:
    transport = Transport()
    connection = connected(transport)
    connection.data_received(BODY[: 2**20])
    transport.closed = True
    await asyncio.sleep(0)
    assert not transport.reading


def test_more_than_was_announced_is_an_error() -> None:
    body = LargeBody(3)
    with pytest.raises(ValueError, match="different structures"):
        body.append(b"more")
