"""Everything breaks under load, and nothing is lost but what was inside a process that was killed.

Each test asks its share of 10,000 requests, each with a row of its own, and checks each answer against
scikit-learn's. `hythe.Client` and `AsyncClient` lose none at all; beside them ask callers that repeat
nothing, which show what was lost and where.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.certificates import shown
from tests.integration.chaos.book import BROKEN, Book
from tests.integration.chaos.callers import CALLED
from tests.integration.chaos.house import GRPC, LOST, SIDECAR, STEWARD, house
from tests.integration.chaos.processes import children, freeze, replaced
from tests.integration.chaos.truth import ONNX, Truth, learned
from tests.integration.chaos.wall_clock import WallClock
from tests.integration.disks import filled, small_disk

from hythe.base.errors import Unauthenticated
from hythe.client import AsyncClient
from hythe.testing.catalog_file import bring_back, take_away
from hythe.testing.services import or_skip, postgres

pytestmark = pytest.mark.integration

REQUESTS = 1_300
DISK_KB = 4096
HOUR_S = 3600
IDLE = 3
"""How many connections may be idle for the drain's 0.3 s and be used just as they are closed."""
REACHABLE = "hythe_catalog_reachable"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return learned(tmp_path_factory.mktemp("learned"))


async def test_killed_workers_lose_what_was_inside_and_nothing_else(truth: Truth, tmp_path: Path) -> None:
    draw = random.Random(3)
    with house(truth, tmp_path) as found:
        async with found.asked(REQUESTS) as book:
            for _ in range(3):
                await book.more(draw.randrange(50, 250))
                found.kill_worker(draw.choice(found.server.workers()))
                await book.until(lambda: len(found.server.workers()) == 2)
        found.check_losses(book)
        assert {lost.how for lost in book.lost} <= {BROKEN}
        assert found.repeated > 0
        await found.check_counts(book)


async def test_killed_children_lose_what_was_inside_and_nothing_else(truth: Truth, tmp_path: Path) -> None:
    draw = random.Random(5)
    with house(truth, tmp_path) as found:
        async with found.asked(REQUESTS) as book:
            await book.more(100)
            workers = found.server.workers()
            held = [child for worker in workers for child in children(worker)]
            for child in held:
                freeze(child)
            await book.more(100)  # whoever asks the native model is inside one of them now
            for child in held:
                found.kill(child)
            for worker, child in zip(workers, held, strict=True):
                await book.until(replaced(worker, child))
            for worker in workers:
                await book.more(draw.randrange(50, 150))
                (child,) = children(worker)
                found.kill(child)
                await book.until(replaced(worker, child))
        found.check_losses(book)
        assert not found.cut
        assert found.repeated + len(book.lost) > 0
        await found.check_counts(book)


async def test_killed_helpers_lose_nothing_but_the_calls_inside_grpc(truth: Truth, tmp_path: Path) -> None:
    with house(truth, tmp_path) as found:
        async with found.asked(REQUESTS) as book:
            for module in (STEWARD, SIDECAR, GRPC, SIDECAR, STEWARD):
                await book.more(50)
                (killed,) = found.server.pids(module)
                found.kill(killed)
                await book.until(found.replaced(module, killed))
        found.check_losses(book)
        assert {lost.port for lost in book.lost} <= {CALLED}
        assert found.repeated == 0
        await found.check_counts(book)


async def test_a_catalog_in_postgresql_that_stops_and_comes_back_loses_nothing(
    truth: Truth, tmp_path: Path
) -> None:
    with or_skip(), ExitStack() as stack, ExitStack() as database:
        url = database.enter_context(postgres(tmp_path / "postgres"))
        found = stack.enter_context(house(truth, tmp_path, url))
        async with found.asked(REQUESTS) as book:
            await book.more(100)
            await asyncio.to_thread(database.close)
            await book.until_said(lambda: found.reads(REACHABLE, 0))
            await book.more(100)
            again = postgres(tmp_path / "postgres", urlsplit(url).port)
            await asyncio.to_thread(database.enter_context, again)
            await book.until_said(lambda: found.reads(REACHABLE, 1))
        await found.check_nothing_lost(book)
        stack.close()


async def test_a_catalog_file_that_is_moved_away_and_back_loses_nothing(truth: Truth, tmp_path: Path) -> None:
    with house(truth, tmp_path) as found:
        away = tmp_path / "away"
        async with found.asked(REQUESTS) as book:
            await book.more(100)
            take_away(found.home, away)
            await book.until_said(lambda: found.reads(REACHABLE, 0))
            await book.more(100)
            bring_back(found.home, away)
            await book.until_said(lambda: found.reads(REACHABLE, 1))
        await found.check_nothing_lost(book)


async def test_a_full_disk_loses_lines_of_the_log_and_nothing_else(truth: Truth, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_KB) as disk, house(truth, tmp_path, home=disk / "home") as found:
        async with found.asked(REQUESTS) as book:
            await book.more(100)
            with filled(disk):
                await book.until_said(lambda: found.at_least(LOST, 1))
                await book.more(300)
        await found.check_nothing_lost(book)
        missed = await found.metric(LOST, reason="log")
        assert await found.metric(LOST) == missed
        lines = (disk / "home" / "access.log").read_bytes().splitlines()
        assert len([json.loads(line) for line in lines]) + missed == book.answered


async def test_a_clock_that_jumps_loses_nothing(truth: Truth, tmp_path: Path) -> None:
    with or_skip():
        clock = WallClock(tmp_path)
    with house(truth, tmp_path, environment=clock.environment) as found:
        key = found.key(timedelta(hours=1))
        async with (
            found.asked(REQUESTS) as book,
            AsyncClient(key=key, url=found.server.url, tls=found.trust) as client,
        ):
            await book.until_said(accepts(client, wanted=True))
            for wrong_s in (2 * HOUR_S, -2 * HOUR_S, 0):
                await book.more(100)
                clock.step(wrong_s)
                await book.until(stepped(book, wrong_s))
                await book.until_said(accepts(client, wanted=wrong_s < HOUR_S))
        await found.check_nothing_lost(book)


def accepts(client: AsyncClient, *, wanted: bool) -> Callable[[], Awaitable[bool]]:
    """Give a condition: the server takes the client's key, or does not."""

    async def accepted() -> bool:
        try:
            await client.describe(ONNX)
        except Unauthenticated:
            return not wanted
        return wanted

    return accepted


def stepped(book: Book, wrong_s: int) -> Callable[[], bool]:
    """Give a condition: the newest id was made when the clock was wrong by so much (RFC 9562, 5.7)."""
    return lambda: (
        abs(int(book.ids[-1].replace("-", "")[:12], 16) / 1000 - time.time() - wrong_s) < HOUR_S / 2
    )


async def test_a_certificate_that_is_replaced_loses_nothing(truth: Truth, tmp_path: Path) -> None:
    with house(truth, tmp_path) as found:
        first = await asyncio.to_thread(shown, found.server.url)
        async with found.asked(REQUESTS) as book:
            await book.more(100)
            before = found.server.workers()
            found.authority.issue("server")
            await book.until(lambda: not {*before} & {*found.server.workers()})
            assert first not in [await asyncio.to_thread(shown, found.server.url) for _ in range(6)]
        # A worker that ends closes what is idle; a request may be on its way then (RFC 9112, 9.3.1).
        assert {lost.how for lost in book.lost} <= {BROKEN}
        assert [stats.failed + stats.turned_away for stats in found.stats] == [0, 0]
        assert len(book.lost) + found.repeated <= IDLE
        await found.check_counts(book)
