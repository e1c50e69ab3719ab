"""A rollout ends right whatever happens to its controllers, and traffic never stops."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tests.integration.chaos.processes import freeze
from tests.integration.survival.house import BAD, GOOD, PROMOTED, House, house

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BACK = [("split 20% (1 of 2)", "running"), ("split 20% (1 of 2)", "rolled_back")]


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
                await found.until(found.sees(1))
                {"c1": first, "c2": second}[found.leader].kill()
                await found.until(found.ended)
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
            await found.until(found.ended)
            await found.answers_only(GOOD)
        assert found.moves() == PROMOTED
        assert found.rollout.revisions == (2, 3, 4)
        assert found.registry.catalog.faults() == []


def other_than(found: House, leader: str) -> Callable[[], bool]:
    return lambda: found.leader != leader
