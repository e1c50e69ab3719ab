"""`hythe.Client` against a real server whose workers are killed."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from hythe.client import AsyncClient
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.testing.server import running
from hythe.testing.tiny import expected, tiny_endpoint

pytestmark = pytest.mark.integration

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
CALLS, AT_ONCE = 400, 16
ROUNDS = 200
"""Rounds of the event loop without a reply, after which none is on its way."""


class Asking:
    """Tasks that ask until all calls are made; knows how many were answered."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.numbers = iter(range(CALLS))
        self.answered = 0

    async def task(self) -> None:
        for number in self.numbers:
            row = ROW | {"tenure": number % 100}
            (answer,) = await self.client.predict("churn", [row])
            assert answer["probabilities"]["yes"] == pytest.approx(expected(row), rel=1e-12)
            self.answered += 1

    async def until(self, answered: int) -> None:
        while self.answered < answered:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0)

    async def until_stuck(self) -> None:
        """Wait until every task has a request inside the server and no reply is on its way."""
        quiet = before = 0
        while quiet < ROUNDS:
            await asyncio.sleep(0)
            inside = self.client.stats.tries - self.answered == AT_ONCE
            quiet = quiet + 1 if inside and before == self.answered else 0
            before = self.answered


async def test_requests_inside_killed_workers_are_repeated_and_none_is_lost(tmp_path: Path) -> None:
    config = ServeConfig(port=0, supervisor=SupervisorConfig(workers=2, backoff=Backoff(first_s=0.05)))
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        async with AsyncClient(server.url, connections=AT_ONCE) as client:
            asking = Asking(client)
            tasks = [asyncio.create_task(asking.task()) for _ in range(AT_ONCE)]
            async with asyncio.timeout(60):
                await asking.until(CALLS // 4)
                workers = server.workers()
                for pid in workers:
                    os.kill(pid, signal.SIGSTOP)
                await asking.until_stuck()
                for pid in workers:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.gather(*tasks)
            assert (asking.answered, client.stats.calls, client.stats.failed) == (CALLS, CALLS, 0)
            assert client.stats.dropped == client.stats.repeated == AT_ONCE
