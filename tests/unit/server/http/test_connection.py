"""What a client may send over a connection, and what comes back: raw bytes on a loopback socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from hythe.dataplane.admit import Limits
from hythe.server.http.http_server import HttpLimits, HttpServer
from hythe.server.http.messages import TEXT
from hythe.server.http.request import Request

PATIENCE_S = 120
OK = b"HTTP/1.1 200 OK"


@dataclass
class Echo:
    """Answers each request with its method, target and body; `hold` keeps requests until released."""

    closing: bool = False
    hold: bool = False
    held: list[Request] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def handle(self, request: Request) -> None:
        request.on_lost = lambda: self.note(request.target)
        self.held.append(request)
        self.came.set()
        if not self.hold:
            self.answer()

    def note(self, lost: str) -> None:
        self.lost.append(lost)
        self.came.set()

    def answer(self) -> None:
        request = self.held.pop(0)
        said = f"{request.method} {request.target} ".encode() + bytes(request.buffer)
        request.reply(200, TEXT, said)


@dataclass
class Peer:
    handler: Echo
    server: HttpServer
    port: int
    now: list[float]

    async def say(self, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return reader, writer

    async def whole(self, *pieces: bytes) -> bytes:
        """Say something, and give all that comes until the server ends the connection."""
        reader, writer = await self.say(*pieces)
        async with asyncio.timeout(PATIENCE_S):
            said = await reader.read()
        writer.close()
        return said


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    handler, now = Echo(), [0.0]
    door = socket.create_server(("127.0.0.1", 0))
    limits = HttpLimits(head_bytes=4096, pipelined=2)
    server = HttpServer(handler, door, admits=Limits(body_bytes=2000), limits=limits, now=lambda: now[0])
    port = door.getsockname()[1]
    await server.start()
    yield Peer(handler, server, port, now)
    await server.stop(0.1)


def post(body: bytes, *headers: bytes) -> bytes:
    head = b"\r\n".join([b"POST /echo HTTP/1.1", b"host: x", b"content-length: %d" % len(body), *headers])
    return head + b"\r\n\r\n" + body


async def test_a_connection_answers_one_request_after_the_other(peer: Peer) -> None:
    said = await peer.whole(post(b"one"), post(b"two", b"connection: close"))
    assert said.count(OK) == 2
    assert said.index(b"/echo one") < said.index(b"/echo two")


async def test_bodies_that_arrive_with_a_head_are_no_part_of_it(peer: Peer) -> None:
    together = post(b"a" * 1900) + post(b"b" * 1900) + post(b"c" * 1900, b"connection: close")
    assert len(together) > peer.server.limits.head_bytes
    said = await peer.whole(together)
    assert said.count(OK) == 3


async def test_a_request_may_come_byte_by_byte(peer: Peer) -> None:
    request = post(b"slow", b"connection: close")
    said = await peer.whole(*[request[i : i + 1] for i in range(len(request))])
    assert said.startswith(OK)
    assert said.endswith(b"POST /echo slow")


async def test_chunks_are_put_together(peer: Peer) -> None:
    said = await peer.whole(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        b"3\r\none\r\n",
        b"4\r\n two\r\n0\r\n\r\n",
    )
    assert said.endswith(b"POST /echo one two")


async def test_replies_keep_the_order_of_pipelined_requests(peer: Peer) -> None:
    peer.handler.hold = True
    reader, writer = await peer.say(b"".join(post(b"%d" % i) for i in range(5)))
    said = b""
    async with asyncio.timeout(PATIENCE_S):
        for i in range(5):
            while not peer.handler.held:
                peer.handler.came.clear()
                await peer.handler.came.wait()
            assert len(peer.handler.held) == 1, "one at a time is handed over"
            peer.handler.answer()
            while b"/echo %d" % i not in said:
                said += await reader.read(65536)
    writer.close()
    assert [said.index(b"/echo %d" % i) for i in range(5)] == sorted(
        said.index(b"/echo %d" % i) for i in range(5)
    )


@pytest.mark.parametrize(
    ("request_bytes", "status", "word"),
    [
        (post(b"x" * 2001), b"413", b"too_large"),
        (
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            + b"".join(b"3e8\r\n%b\r\n" % (b"x" * 1000) for _ in range(3)),
            b"413",
            b"too_large",
        ),
        (b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"x" * 5000 + b"\r\n\r\n", b"431", b"too_large"),
        (b"\x16\x03\x01nonsense\r\n\r\n", b"400", b"malformed"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", b"400", b"malformed"),
        (
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
            b"400",
            b"malformed",
        ),
    ],
    ids=["length", "chunked", "head", "no http", "negative", "smuggled"],
)
async def test_what_cannot_be_taken_is_refused_with_a_reply(
    peer: Peer, request_bytes: bytes, status: bytes, word: bytes
) -> None:
    reader, writer = await peer.say(request_bytes)
    async with asyncio.timeout(PATIENCE_S):
        said = await reader.readuntil(b"}")
    writer.close()
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b'"code":"' + word in said
    assert peer.handler.held == []


async def test_head_gives_the_length_and_no_body(peer: Peer) -> None:
    said = await peer.whole(b"HEAD /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert said.startswith(OK)
    assert b"content-length: 8\r\n" in said
    assert said.endswith(b"\r\n\r\n")


async def test_a_client_that_waits_for_leave_gets_it(peer: Peer) -> None:
    reader, writer = await peer.say(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
    )
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert await reader.readuntil(b"echo ok")
    writer.close()


async def test_a_client_that_waits_for_leave_for_too_much_is_told_at_once(peer: Peer) -> None:
    said = await peer.whole(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\nexpect: 100-continue\r\n\r\n"
    )
    assert said.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("said", "waited_s", "status"),
    [
        (b"POST / HTTP/1.1\r\nho", 11.0, b"408"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nslow", 31.0, b"408"),
        (b"", 76.0, b""),
    ],
    ids=["head", "body", "idle"],
)
async def test_a_client_that_takes_too_long_is_let_go(
    peer: Peer, said: bytes, waited_s: float, status: bytes
) -> None:
    reader, writer = await peer.say(said)
    while not peer.server.connections:  # noqa: ASYNC110 - the kernel tells nobody else
        await asyncio.sleep(0)
    if said:
        connection = next(iter(peer.server._connections))
        async with asyncio.timeout(PATIENCE_S):
            while not connection.reading:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
    peer.now[0] = waited_s
    async with asyncio.timeout(PATIENCE_S):
        came = await reader.read(12)
    writer.close()
    assert came == (b"HTTP/1.1 " + status if status else b"")


async def test_whoever_works_for_a_client_that_left_is_told(peer: Peer) -> None:
    peer.handler.hold = True
    _, writer = await peer.say(post(b"never read"))
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
        peer.handler.came.clear()
        writer.transport.abort()
        await peer.handler.came.wait()
    assert peer.handler.lost == ["/echo"]
    peer.handler.answer()


async def test_a_server_about_to_end_closes_with_the_reply(peer: Peer) -> None:
    peer.handler.closing = True
    said = await peer.whole(post(b"last"))
    assert b"connection: close\r\n" in said
    assert said.endswith(b"echo last")


async def test_stopping_waits_for_the_request_under_way(peer: Peer) -> None:
    peer.handler.hold = True
    reader, writer = await peer.say(post(b"late"))
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
        stopping = asyncio.create_task(peer.server.stop())
        await asyncio.sleep(0)
        peer.handler.closing = True
        peer.handler.answer()
        assert (await reader.read()).endswith(b"echo late")
        await stopping
    writer.close()
    assert peer.server.connections == 0


async def test_a_head_that_never_ends_is_refused_once_it_is_too_large(peer: Peer) -> None:
    reader, writer = await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\nlong: ")
    async with asyncio.timeout(PATIENCE_S):
        while not reader._buffer:  # type: ignore[attr-defined]
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0)
        said = await reader.read()
    writer.close()
    assert said.startswith(b"HTTP/1.1 431 ")


async def test_a_small_head_after_a_large_body_is_taken(peer: Peer) -> None:
    second = post(b"two", b"connection: close")
    together = post(b"a" * 1900) + post(b"b" * 1900) + second
    assert len(together) - len(second) < peer.server.limits.head_bytes < len(together) + 4000
    said = await peer.whole(together[:-20], together[-20:])
    assert said.count(OK) == 3


async def test_a_trailer_is_no_header(peer: Peer) -> None:
    peer.handler.hold = True
    _, writer = await peer.say(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        b"3\r\none\r\n0\r\nauthorization: Bearer stolen\r\nhost: y\r\n\r\n",
    )
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
    assert peer.handler.held[0].raw == {b"host": b"x", b"transfer-encoding": b"chunked"}
    peer.handler.answer()
    writer.close()


@pytest.mark.parametrize(
    "flood",
    [b"1;" + b"e" * 30_000, b"0\r\ntrailer: " + b"t" * 30_000],
    ids=["chunk extension", "trailer"],
)
async def test_a_body_of_nothing_but_framing_is_refused(peer: Peer, flood: bytes) -> None:
    said = await peer.whole(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        *[flood[i : i + 1000] for i in range(0, len(flood), 1000)],
    )
    assert said.startswith(b"HTTP/1.1 413 ")
    assert peer.handler.held == []


async def test_thousands_of_pipelined_requests_are_answered_in_turn(peer: Peer) -> None:
    count = 5000
    peer.handler.hold = True
    reader, writer = await peer.say(post(b"first"))
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * count + post(b"last", b"connection: close"))
        peer.handler.hold = False
        peer.handler.answer()
        said = await reader.read()
    writer.close()
    assert said.count(OK) == count + 2
    assert said.endswith(b"/echo last")


async def test_what_came_before_something_malformed_is_answered_first(peer: Peer) -> None:
    peer.handler.hold = True
    reader, writer = await peer.say(post(b"one") + b"nonsense\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
        peer.handler.answer()
        said = await reader.read()
    writer.close()
    assert said.index(b"echo one") < said.index(b"HTTP/1.1 400")


async def test_nothing_is_answered_after_a_refusal(peer: Peer) -> None:
    said = await peer.whole(post(b"x" * 2001) + post(b"y" * 2001) + post(b"fine"))
    assert said.count(b"HTTP/1.1 ") == 1
    assert peer.handler.held == []


async def test_bytes_after_the_last_request_do_not_cost_its_reply(peer: Peer) -> None:
    peer.handler.hold = True
    reader, writer = await peer.say(post(b"last", b"connection: close") + b"\r\nGET /more HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        await peer.handler.came.wait()
        peer.handler.answer()
        said = await reader.read()
    writer.close()
    assert said.startswith(OK)
    assert said.endswith(b"/echo last")


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
async def test_an_offer_to_upgrade_is_passed_over(peer: Peer, upgrade: bytes) -> None:
    asked = post(b"body", b"connection: Upgrade, HTTP2-Settings", b"upgrade: " + upgrade)
    said = await peer.whole(asked + post(b"two", b"connection: close"))
    assert said.count(OK) == 2
    assert said.index(b"echo body") < said.index(b"echo two")


async def test_a_body_behind_an_upgrade_is_no_request(peer: Peer) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n"
    said = await peer.whole(post(hidden, b"connection: upgrade, close", b"upgrade: h2c"))
    assert said.count(OK) == 1
    assert b"POST /echo GET /hidden" in said


@pytest.mark.parametrize(
    "upgrade", [b"", b"connection: upgrade\r\nupgrade: h2c\r\n"], ids=["plain", "upgrade"]
)
async def test_a_transfer_coding_that_is_not_known_is_refused(peer: Peer, upgrade: bytes) -> None:
    said = await peer.whole(
        b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: x, chunked\r\n%b\r\n" % upgrade,
        b"0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1") == 1
    assert peer.handler.held == []


async def test_a_proxy_is_asked_for_in_vain(peer: Peer) -> None:
    said = await peer.whole(b"CONNECT inside:80 HTTP/1.1\r\nhost: inside\r\n\r\n" + post(b"x"))
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1") == 1
    assert peer.handler.held == []
