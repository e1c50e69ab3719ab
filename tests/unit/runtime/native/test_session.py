"""Several children of one model: the free one answers, and what happens to one leaves the others alone."""

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hythe.base.clock import SystemClock
from hythe.base.errors import Busy, TimedOut, Unavailable, Unsupported
from hythe.runtime.backoff import Backoff
from hythe.runtime.batch import reader
from hythe.runtime.native.child import Child
from hythe.runtime.native.session import ChildSession
from hythe.runtime.session_config import SessionConfig
from hythe.testing.native import DIES, EATS, HANGS, RAISES, SAYS_WHO, SCHEMA, misbehaving_model

BACKOFF = Backoff(first_s=0.2, most_s=0.4)
ROWS = reader(SCHEMA)


def batch(*numbers: float) -> Any:
    return ROWS.convert_all([{"x": number} for number in numbers])


@asynccontextmanager
async def started(folder: Path, **limits: Any) -> AsyncIterator[ChildSession]:
    config = SessionConfig(backoff=BACKOFF, **limits)
    session = ChildSession.of(misbehaving_model(folder), ROWS, config)
    await session.start()
    try:
        yield session
    finally:
        await session.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it has heard the news."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nobody tells: the loop itself is to notice
            await asyncio.sleep(0.001)


async def answer(session: ChildSession, *numbers: float) -> list[float]:
    values: list[float] = (await session.predict(batch(*numbers))).answers["value"].tolist()
    return values


async def test_a_session_whose_child_died_comes_back_by_itself(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        with pytest.raises(Unavailable, match="exit status 7"):
            await answer(session, DIES)
        await until(lambda: not session.ready)
        await until(lambda: session.ready)
        assert await answer(session, 1.0) == [2.0]


async def test_what_comes_while_a_child_starts_again_waits_for_it(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        assert await answer(session, 1.0) == [2.0]
        with pytest.raises(Unavailable, match="exit status 7"):
            await answer(session, DIES)
        await until(lambda: not session.ready)
        late = session.run(session.feed(batch(1.0)), time.monotonic() + 0.01)
        with pytest.raises(TimedOut, match="before the model was asked"):
            await late
        assert await answer(session, 1.0) == [2.0]


class Slow(SystemClock):
    """A clock by which every wait is over too early."""

    def monotonic_s(self) -> float:
        return super().monotonic_s() / 2


async def test_a_wait_that_is_over_too_early_is_no_failure_to_start(tmp_path: Path) -> None:
    session = ChildSession([Child(misbehaving_model(tmp_path), SessionConfig(backoff=BACKOFF), Slow())], ROWS)
    await session.start()
    try:
        assert await answer(session, 1.0) == [2.0]
        with pytest.raises(Unavailable, match="exit status 7"):
            await answer(session, DIES)
        await until(lambda: not session.ready)
        assert await answer(session, 2.0) == [4.0]
    finally:
        await session.close()


async def test_a_batch_that_a_dead_child_never_heard_of_is_answered_by_the_next(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        _, pid = await answer(session, 1.0, SAYS_WHO)
        os.kill(int(pid), signal.SIGKILL)
        os.waitid(os.P_PID, int(pid), os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - the loop is to miss the news
        assert session.ready  # the loop has not heard of it
        answered, successor = await answer(session, 1.0, SAYS_WHO)
        assert answered == 2.0
        assert successor != pid


async def test_nobody_waits_for_a_child_that_dies_before_it_has_answered(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        with pytest.raises(Unavailable, match="exit status 7"):
            await answer(session, DIES)
        await until(lambda: not session.ready)
        with pytest.raises(Unavailable, match="is being started again"):
            await answer(session, 1.0)


async def test_a_model_that_had_answered_is_waited_for_though_its_next_child_dies(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        assert await answer(session, 1.0) == [2.0]
        for _ in range(2):
            with pytest.raises(Unavailable, match="exit status 7"):
                await answer(session, DIES)
            await until(lambda: not session.ready)
        assert await answer(session, 1.0) == [2.0]


async def test_too_many_waiting_requests_are_refused_at_once(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        session._most_waiting = 2
        given = [answer(session, 1.0) for _ in range(4)]
        outcomes = await asyncio.gather(*given, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [list, list, list, Busy]


async def test_batches_run_at_once_in_as_many_children_as_there_are(tmp_path: Path) -> None:
    async with started(tmp_path, instances=2) as session:
        assert session.concurrency == 2
        given = await asyncio.gather(*(answer(session, SAYS_WHO) for _ in range(8)))
        assert len({pid for (pid,) in given}) == 2


async def test_while_one_child_hangs_or_dies_the_other_answers(tmp_path: Path) -> None:
    async with started(tmp_path, instances=2, answer_s=300) as session:
        stuck = asyncio.create_task(answer(session, HANGS))
        assert await answer(session, 1.0) == [2.0]
        with pytest.raises(Unavailable, match="exit status 7"):
            await answer(session, DIES)
        assert session.ready
        waiting = asyncio.create_task(answer(session, 2.0))
        assert await asyncio.wait_for(waiting, 30) == [4.0]
        assert not stuck.done()
        stuck.cancel()


async def test_a_caller_that_goes_away_leaves_its_child_taken_until_that_has_answered(tmp_path: Path) -> None:
    async with started(tmp_path, answer_s=0.5) as session:
        gone = asyncio.create_task(answer(session, HANGS))
        await asyncio.sleep(0)
        gone.cancel()
        later = asyncio.create_task(answer(session, 1.0))
        with pytest.raises(asyncio.CancelledError):
            await gone
        with pytest.raises(Unavailable):
            await later
        await until(lambda: session.ready)
        assert await answer(session, 1.0) == [2.0]


async def test_a_caller_that_goes_away_while_it_waits_takes_nobody_along(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        given = [asyncio.create_task(answer(session, float(i))) for i in range(4)]
        await asyncio.sleep(0)
        given[1].cancel()
        given[2].cancel()
        assert await given[0] == [0.0]
        assert await given[3] == [6.0]


async def test_one_bad_row_fails_alone(tmp_path: Path) -> None:
    async with started(tmp_path) as session:
        outcome = await session.predict(batch(1.0, RAISES, 3.0))
        assert outcome.refused.tolist() == [False, True, False]
        assert outcome.answers["value"][[0, 2]].tolist() == [2.0, 6.0]


async def test_a_model_never_answers_on_the_loop(tmp_path: Path) -> None:
    session = ChildSession.of(misbehaving_model(tmp_path), ROWS)
    assert not session.inline
    with pytest.raises(Unsupported):
        session.run_now(session.feed(batch(1.0)))
    await session.close()


@pytest.mark.parametrize("misdeed", [DIES, HANGS, EATS])
async def test_a_misbehaving_model_leaves_the_tail_of_another_alone(tmp_path: Path, misdeed: float) -> None:
    good_folder, bad_folder = tmp_path / "good", tmp_path / "bad"
    limits: dict[str, Any] = {"answer_s": 0.3, "memory_bytes": 512 * 2**20}
    async with (
        started(good_folder) as good,
        started(bad_folder, **limits) as bad,
    ):
        trouble = asyncio.create_task(misbehave(bad, misdeed, times=2))
        slowest = 0.0
        while not trouble.done():
            begun = time.monotonic()
            assert await answer(good, 1.0) == [2.0]
            slowest = max(slowest, time.monotonic() - begun)
        assert await trouble == 2
        assert slowest < 5 < math.inf  # seconds: far beyond noise, far below the waits for the other


async def misbehave(session: ChildSession, misdeed: float, times: int) -> int:
    """Make the model misbehave again and again, each time it is back; gives how often it failed."""
    failed = 0
    for _ in range(times):
        await until(lambda: session.ready)
        with pytest.raises(Unavailable):
            await answer(session, misdeed)
        failed += 1
        await until(lambda: not session.ready)
    return failed
