"""A plan's limits hold from the moment it counts, and only tighten the server's."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from hythe.base.errors import Busy, TimedOut, TooLarge
from hythe.dataplane.admit import Limits
from hythe.dataplane.ask import Ask
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.ticket import Answered, Ticket
from hythe.rollout.limits import PlanLimits
from hythe.runtime.batch import RowReader
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.counters import Counters, create
from hythe.testing.plane import make_plane
from hythe.testing.tiny import tiny_endpoint

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}


@pytest_asyncio.fixture
async def plane(tmp_path: Path) -> AsyncIterator[DataPlane]:
    """Nothing runs on the loop itself, so that requests wait for one another."""
    descriptor = create(slots=1)
    plane = make_plane(
        tiny_endpoint(tmp_path),
        counters=Counters(descriptor, 0),
        limits=Limits(rows=8, body_bytes=1000),
        policy=BatchPolicy(max_rows=2, loop_ms=0.0),
    )
    await plane.start()
    yield plane
    await plane.close()
    os.close(descriptor)


class Asked(Ticket):
    """A request that keeps what it hears: None for an answer."""

    __slots__ = ("heard",)

    def __init__(self) -> None:
        super().__init__(Ask())
        self.heard: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def answered(self, answered: Answered, start: int) -> None:
        del answered, start
        self.heard.set_result(None)

    def refused(self, err: Exception) -> None:
        self.heard.set_result(err)


def reads(count: int) -> Callable[[RowReader], Awaitable[Any]]:
    async def read(reader: RowReader) -> Any:
        return reader.convert_all([ROW] * count)

    return read


async def follow(plane: DataPlane, **limits: Any) -> None:
    """Have the plan say other limits, as the steward would."""
    spec = plane.endpoint("churn").spec
    plan = msgspec.structs.replace(spec.plan, limits=PlanLimits(**limits) if limits else None)
    await plane.apply([msgspec.structs.replace(spec, plan=plan)])


async def test_a_plan_lowers_the_rows_of_a_request_and_lifts_the_limit_again(plane: DataPlane) -> None:
    await plane.predict("churn", reads(8))
    await follow(plane, rows=2)
    await plane.predict("churn", reads(2))
    with pytest.raises(TooLarge, match="3 rows, more than 2"):
        await plane.predict("churn", reads(3))
    await follow(plane)
    await plane.predict("churn", reads(8))


async def test_a_plan_cannot_allow_what_the_server_does_not(plane: DataPlane) -> None:
    await follow(plane, rows=1_000, body_bytes=10_000)
    with pytest.raises(TooLarge, match="9 rows, more than 8"):
        await plane.predict("churn", reads(9))
    with pytest.raises(TooLarge, match="more than 1000 bytes"):
        await plane.predict("churn", reads(1), bytes_in=1001)


async def test_a_plan_bounds_the_body_and_the_version_stays_loaded(plane: DataPlane) -> None:
    before = plane.endpoint("churn").version("1.0.0")
    await follow(plane, body_bytes=10)
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        await plane.predict("churn", reads(1), bytes_in=11)
    assert plane.endpoint("churn").version("1.0.0") is before


async def test_a_plan_shortens_the_time_that_a_request_has(plane: DataPlane) -> None:
    await follow(plane, timeout_s=1e-9)
    with pytest.raises(TimedOut):
        await plane.predict("churn", reads(1))


async def test_a_plan_shortens_the_queue(plane: DataPlane) -> None:
    await follow(plane, queue_rows=4)
    endpoint, tickets = plane.endpoint("churn"), [Asked() for _ in range(6)]
    for ticket in tickets:
        plane.submit(endpoint, ticket, lambda rows: rows.convert_all([ROW]))
    assert [ticket.heard.done() for ticket in tickets] == [False] * 4 + [True] * 2
    heard = await asyncio.gather(*(ticket.heard for ticket in tickets))
    assert heard[:4] == [None] * 4
    assert all(isinstance(err, Busy) for err in heard[4:])
