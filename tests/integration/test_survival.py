"""A rollout ends right whatever happens to controllers, catalog and clocks, and traffic never stops."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.chaos.processes import freeze
from tests.integration.chaos.wall_clock import WallClock
from tests.integration.survival.house import BAD, GOOD, QUICK, House, house

from hythe.operations.rollouts.back import rollback
from hythe.rollout.state import Rollout
from hythe.testing.services import or_skip, postgres

pytestmark = pytest.mark.integration

HOUR_S = 3600
PROMOTED = [
    ("split 20% (1 of 2)", "running"),
    ("split 50% (2 of 2)", "running"),
    ("split 50% (2 of 2)", "promoted"),
]
BACK = [("split 20% (1 of 2)", "running"), ("split 20% (1 of 2)", "rolled_back")]


def ended(found: House) -> Callable[[], bool]:
    return lambda: found.rollout.ended


def sees(found: House, requests: int) -> Callable[[], bool]:
    """Give a condition: the controller has seen so many of the candidate's requests."""
    return lambda: seen(found.rollout) >= requests


def seen(rollout: Rollout) -> int:
    return max((report.n_candidate for report in rollout.reports), default=0)


@pytest.mark.parametrize(
    ("version", "moves", "serving"),
    [(GOOD, PROMOTED, GOOD), (BAD, BACK, "1.0.0")],
    ids=["promoted", "rolled_back"],
)
async def test_a_controller_killed_at_every_move_leaves_a_rollout_that_goes_on(
    tmp_path: Path, version: str, moves: list[tuple[str, str]], serving: str
) -> None:
    with house(tmp_path) as found:
        async with found.asked():
            found.begin(version)
            for left in range(1, len(moves)):
                with found.controller("before") as killed:
                    await found.until_died(killed)
                assert found.moves() == moves[:left]
                with found.controller("after") as killed:
                    await found.until_died(killed)
                assert found.moves() == moves[: left + 1]
            assert found.rollout.ended
            await found.answers_only(serving)
        assert found.weights == {serving: 1.0}
        assert found.registry.catalog.faults() == []


async def test_a_controller_killed_at_any_moment_is_taken_over_from(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        async with found.asked():
            found.begin(GOOD)
            with found.controller() as first, found.controller() as second:
                await found.until(sees(found, 1))
                {"c1": first, "c2": second}[found.leader].kill()
                await found.until(ended(found))
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED


async def test_of_controllers_that_all_believe_they_lead_one_moves(tmp_path: Path) -> None:
    with house(tmp_path) as found, ExitStack() as stack:
        processes = {f"c{n}": stack.enter_context(found.controller()) for n in range(1, 4)}
        async with found.asked():
            found.begin(GOOD)
            for _ in range(4):
                await found.until(lambda: found.leader != "")
                leader = found.leader
                freeze(processes[leader].pid)
                # On SQLite nobody can take over from one that is frozen while it writes.
                with suppress(TimeoutError):
                    await found.until(other_than(found, leader), patience_s=4.0)
                os.kill(processes[leader].pid, signal.SIGCONT)
            await found.until(ended(found))
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.rollout.revisions == (2, 3, 4)
        assert found.registry.catalog.faults() == []


def other_than(found: House, leader: str) -> Callable[[], bool]:
    return lambda: found.leader != leader


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_catalog_that_stops_and_comes_back_holds_a_rollout_and_no_more(
    tmp_path: Path, database: str
) -> None:
    with ExitStack() as stack:
        catalog = Sqlite(tmp_path) if database == "sqlite" else Postgres(tmp_path, stack)
        found = stack.enter_context(house(tmp_path, catalog.url))
        stack.enter_context(found.controller())
        async with found.asked():
            found.begin(GOOD)
            await found.until(sees(found, 1))
            await asyncio.to_thread(catalog.stop)
            before = found.answered.total()
            await found.answers(1500)
            assert GOOD in found.answered
            assert found.answered.total() > before
            await asyncio.to_thread(catalog.begin)
            await found.until(ended(found))
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.registry.catalog.faults() == []


async def test_without_a_servers_windows_nothing_is_promoted(tmp_path: Path) -> None:
    with house(tmp_path) as found, found.controller():
        async with found.asked():
            found.begin(GOOD)
            await found.until(sees(found, 1))
            for sidecar in found.server.pids("hythe.server.sidecar"):
                os.kill(sidecar, signal.SIGSTOP)
            await found.until(lambda: "no new data" in found.rollout.reason or found.rollout.stage == 1)
            stage = found.rollout.stage
            await found.answers(500)
            assert found.rollout.stage == stage
            assert not found.rollout.ended
            for sidecar in found.server.pids("hythe.server.sidecar"):
                os.kill(sidecar, signal.SIGCONT)
            await found.until(ended(found))
        assert found.moves() == PROMOTED


async def test_clocks_that_jump_by_an_hour_change_nothing(tmp_path: Path) -> None:
    with or_skip():
        clock = WallClock(tmp_path)
    with house(tmp_path, environment=clock.environment) as found, found.controller():
        async with found.asked():
            found.begin(GOOD)
            for requests, wrong_s in enumerate((HOUR_S, -HOUR_S, 0)):
                await found.until(lambda n=requests: sees(found, n + 1)() or found.rollout.ended)  # type: ignore[misc]
                clock.step(wrong_s)
                await found.answers(300)
            await found.until(ended(found))
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.rollout.running_s < HOUR_S / 10


async def test_the_way_back_takes_less_than_a_second(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        async with found.asked():
            found.begin(BAD, QUICK)
            async with asyncio.timeout(30):
                while not found.answered["refused"]:  # noqa: ASYNC110 - callers are waited for
                    await asyncio.sleep(0.01)
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(rollback, found.registry.catalog, "churn", actor="ana")
            await asyncio.sleep(max(0.0, began + 1.0 - asyncio.get_running_loop().time()))
            refused = found.answered["refused"]
            await found.answers(500)
            assert found.answered["refused"] == refused
        assert found.rollout.status == "rolled_back"


class Sqlite:
    """A catalog in a file, which is moved away and back."""

    def __init__(self, folder: Path) -> None:
        self._home, self._away = folder / "home", folder / "away"
        self.url: str | None = None

    def stop(self) -> None:
        self._away.mkdir()
        for part in self._home.glob("catalog.db*"):
            part.rename(self._away / part.name)

    def begin(self) -> None:
        for part in self._away.iterdir():
            part.rename(self._home / part.name)


class Postgres:
    """A catalog in a server, which is stopped and started."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder / "postgres"
        with or_skip():
            self._running = stack.enter_context(ExitStack())
            self.url: str | None = self._running.enter_context(postgres(self._folder))

    def stop(self) -> None:
        self._running.close()

    def begin(self) -> None:
        self._running.enter_context(postgres(self._folder, urlsplit(str(self.url)).port))
