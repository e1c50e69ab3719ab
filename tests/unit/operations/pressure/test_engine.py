"""Load against servers of this process: what is counted, and from when."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hythe.base.errors import Unavailable
from hythe.operations.pressure.engine import Engine
from hythe.operations.pressure.plan import Objective, Pressure
from hythe.operations.pressure.report import report
from hythe.operations.pressure.run import run
from hythe.operations.pressure.tally import Tally
from hythe.operations.pressure.target import Target
from hythe.testing.scripted_server import RESET, SILENCE, Step, scripted

GOOD = Step(document={})
FULL = Step(429, {"error": "no room", "code": "busy"})
BRIEF: dict[str, Any] = {"rate": 200.0, "for_s": 0.25, "arrivals": "constant", "connections": 4}


def test_every_request_that_was_due_is_sent_and_answered() -> None:
    with scripted(GOOD) as server:
        target = Target(url=f"{server.url}/predict/churn", bodies=[b"first", b"second"], key="hk_a_b")
        found = run(target, Pressure(**BRIEF))
    assert (found.offered, found.sent, found.answered, found.failed) == (50, 50, 50, 0)
    assert sum(moment.answered for moment in found.moments) == 50
    assert sum(item.count for item in found.histogram) == 50
    assert {heard.body for heard in server.heard} == {b"first", b"second"}
    assert server.heard[0].line == "POST /predict/churn HTTP/1.1"
    assert server.heard[0].headers["authorization"] == "Bearer hk_a_b"
    assert server.heard[0].headers["hythe-timeout-ms"] == "10000"


def test_refusals_are_counted_by_status_and_word() -> None:
    with scripted(GOOD, FULL) as server:
        found = run(Target(url=server.url), Pressure(**BRIEF), Objective(0.99, 60.0))
    assert (found.answered, found.failed) == (1, 49)
    assert [(one.kind, one.count, one.said) for one in found.failures] == [("429 busy", 49, "no room")]
    assert found.holds is False


def test_a_dropped_connection_is_a_failure_and_is_opened_again() -> None:
    with scripted(RESET, GOOD) as server:
        found = run(Target(url=server.url), Pressure(**BRIEF | {"connections": 1}))
    assert (found.answered, found.failed, found.failures[0].kind) == (49, 1, "dropped")
    assert server.connections == 2


def test_an_announced_close_is_no_failure() -> None:
    closing = Step(document={}, headers=(("connection", "close"),), afterwards="close")
    with scripted(closing) as server:
        found = run(Target(url=server.url), Pressure(**BRIEF))
    assert (found.answered, found.failed) == (50, 0)


def test_an_answer_that_does_not_come_is_given_up_after_its_time() -> None:
    with scripted(SILENCE) as server:
        found = run(Target(url=server.url), Pressure(**BRIEF | {"connections": 2, "timeout_s": 0.1}))
    assert found.answered == 0
    assert found.failed == found.offered == 50
    assert {one.kind for one in found.failures} == {"timed out", "never sent"}


def test_nobody_listening_is_said_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(Unavailable, match="is a server running there"):
        run(Target(url=url), Pressure(**BRIEF))


class Stalling(asyncio.Protocol):
    """Answers nothing until it is released, then everything at once."""

    def __init__(self, held: list["Stalling"], released: asyncio.Event) -> None:
        self.held = held
        self.released = released

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, _: bytes) -> None:
        if self.released.is_set():
            self.answer()
        else:
            self.held.append(self)

    def answer(self) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


@asynccontextmanager
async def stalling() -> AsyncIterator[tuple[str, Callable[[], None]]]:
    held: list[Stalling] = []
    released = asyncio.Event()

    def release() -> None:
        released.set()
        while held:
            held.pop().answer()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stalling(held, released), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", release


async def test_a_stall_is_in_the_latency_of_all_that_were_due_meanwhile() -> None:
    """One connection, a server silent for half a second: a closed loop would see one slow request."""
    async with stalling() as (url, release):

        def watch(_: Tally, passed_s: float) -> None:
            if passed_s >= 0.5:
                release()

        pressure = Pressure(rate=200, for_s=1.0, arrivals="constant", connections=1)
        engine = Engine(Target(url=url), pressure, watch)
        tally = await engine.run()
    assert tally.answered == tally.due == 200
    assert tally.waited >= 50
    found = report(url, pressure, tally, engine.elapsed_s)
    slow = sum(item.count for item in found.histogram if item.up_to_ms > 100)
    assert slow >= 50
    assert found.service_ms["p90"] is not None
    assert found.service_ms["p90"] < 100
