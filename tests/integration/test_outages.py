"""A rollout ends right whatever happens to the catalog, its servers and clocks, and traffic never stops."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.chaos.processes import freeze
from tests.integration.chaos.wall_clock import WallClock
from tests.integration.survival.house import BAD, GOOD, PROMOTED, house

from hythe.operations.rollouts.back import rollback
from hythe.testing.catalog_file import bring_back, take_away
from hythe.testing.services import or_skip, postgres

pytestmark = [pytest.mark.integration, pytest.mark.slow]

HOUR_S = 3600


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
            await found.until(found.sees(1))
            await asyncio.to_thread(catalog.stop)
            before = found.answered.total()
            await found.answers(1500)
            assert GOOD in found.answered
            assert found.answered.total() > before
            await asyncio.to_thread(catalog.begin)
            await found.until(found.ended)
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.registry.catalog.faults() == []


async def test_without_a_servers_windows_nothing_is_promoted(tmp_path: Path) -> None:
    with house(tmp_path) as found, found.controller():
        async with found.asked():
            found.begin(GOOD)
            await found.until(found.sees(1))
            [sidecar] = found.server.pids("hythe.server.sidecar")
            stop_between_writes(sidecar, tmp_path / "home" / "catalog.db")
            # A controller says so at its first look, too, and what was stored just before is still looked at.
            await found.until(lambda: "no new data" in found.rollout.reason or found.rollout.stage == 1)
            await found.answers(800)
            await found.until(lambda: "no new data" in found.rollout.reason or found.rollout.stage == 1)
            stage = found.rollout.stage
            await found.answers(500)
            assert found.rollout.stage == stage
            assert not found.rollout.ended
            os.kill(sidecar, signal.SIGCONT)
            await found.until(found.ended)
        assert found.moves() == PROMOTED


def stop_between_writes(pid: int, catalog: Path) -> None:
    """Stop a process when it does not write to the catalog: nobody else could write from then on."""
    while True:
        freeze(pid)
        try:
            with closing(sqlite3.connect(catalog, timeout=1.0)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
        else:
            return


async def test_clocks_that_jump_by_an_hour_change_nothing(tmp_path: Path) -> None:
    with or_skip():
        clock = WallClock(tmp_path)
    with house(tmp_path, environment=clock.environment) as found, found.controller():
        async with found.asked():
            found.begin(GOOD)
            for requests, wrong_s in enumerate((HOUR_S, -HOUR_S, 0)):
                await found.until(lambda n=requests: found.sees(n + 1)() or found.ended())  # type: ignore[misc]
                clock.step(wrong_s)
                await found.answers(300)
            await found.until(found.ended)
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.rollout.running_s < HOUR_S / 10


async def test_the_way_back_is_short(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        async with found.asked():
            found.begin(BAD)
            async with asyncio.timeout(30):
                while not found.answered["refused"]:  # noqa: ASYNC110 - callers are waited for
                    await asyncio.sleep(0.01)
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(rollback, found.registry.catalog, "churn", actor="ana")
            # That it takes less than one second is measured by `bench/rollout_live.py`.
            await asyncio.sleep(max(0.0, began + 3.0 - asyncio.get_running_loop().time()))
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
        take_away(self._home, self._away)

    def begin(self) -> None:
        bring_back(self._home, self._away)


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
