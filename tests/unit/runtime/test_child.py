"""A native model answers from its own process; what happens there stays there."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from hythe.base.errors import Busy, Corrupt, Invalid, Unavailable
from hythe.runtime.backoff import Backoff
from hythe.runtime.batch import reader
from hythe.runtime.child import Child, ChildConfig
from hythe.runtime.child_session import ChildSession
from hythe.runtime.predictor import native_predictor
from hythe.runtime.wire import Load
from hythe.testing.native import DIES, HANGS, RAISES, SCHEMA, misbehaving_model

CONFIG = ChildConfig(backoff=Backoff(first_s=0.2, most_s=0.4))


class HandClock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic_s(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return misbehaving_model(tmp_path)


@pytest.fixture
def child(load: Load, clock: HandClock) -> Iterator[Child]:
    child = Child(load, CONFIG, clock)
    yield child
    child.close()


def values(child: Child, *numbers: float) -> list[float]:
    answers: list[float] = child.predict(pa.table({"x": list(numbers)})).answers["value"].tolist()
    return answers


def test_a_refusal_names_the_row_and_the_child_lives_on(child: Child) -> None:
    assert values(child, 1.0, 2.5) == [2.0, 5.0]
    pid = child.pid
    with pytest.raises(Invalid, match=r"^rows\[3\]: the model refuses it: ValueError: x is -1\.0$"):
        values(child, 1.0, 2.0, 3.0, RAISES, 5.0)
    assert values(child, 4.0) == [8.0]
    assert child.pid == pid != os.getpid()


def test_a_crash_is_told_and_the_next_child_waits_for_its_back_off(child: Child, clock: HandClock) -> None:
    with pytest.raises(Unavailable, match=r"died \(exit status 7\); try again"):
        values(child, DIES)
    with pytest.raises(Unavailable, match=r"starts again in 0\.2 s"):
        values(child, 1.0)
    clock.time += 0.21
    assert values(child, 1.0) == [2.0]


def test_a_kill_is_told_as_a_signal(child: Child) -> None:
    values(child, 1.0)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="signal 9"):
        values(child, 1.0)


def test_a_model_that_never_answers_is_ended(load: Load) -> None:
    child = Child(load, ChildConfig(answer_s=0.2))
    child.start()
    pid = child.pid
    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s and was ended"):
        values(child, HANGS)
    assert child.pid is None
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_model_that_cannot_be_loaded_says_why(load: Load) -> None:
    (Path(load.folder) / "code" / "misbehaving.py").write_text("import not_there")
    with pytest.raises(Corrupt, match=r"cannot be loaded: .*not_there"):
        Child(load, CONFIG).start()


def test_the_child_dies_with_its_parent(load: Load) -> None:
    program = (
        "import msgspec, sys\n"
        "from hythe.runtime.child import Child\nfrom hythe.runtime.wire import Load\n"
        "child = Child(msgspec.json.decode(sys.argv[1], type=Load)); child.start()\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, msgspec.json.encode(load).decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        descriptor = os.pidfd_open(pid)
        parent.kill()
    assert select.select([descriptor], [], [], 10)[0], "the child outlives its parent"
    os.close(descriptor)


def test_the_python_api_answers_from_a_child(load: Load) -> None:
    cleaned: list[bool] = []
    with native_predictor(load, config=CONFIG, clean=lambda: cleaned.append(True)) as predictor:
        assert predictor.predict({"x": 3}) == {"value": 6.0}
        assert predictor.predict([{"x": 1}, {"x": 2}]) == [{"value": 2.0}, {"value": 4.0}]
    assert cleaned == [True]


async def turned(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it has heard the news."""
    while not condition():  # noqa: ASYNC110 - nobody tells: the loop itself is to notice
        await asyncio.sleep(0)


async def test_a_session_whose_child_died_comes_back_by_itself(load: Load) -> None:
    rows = reader(SCHEMA)
    session = ChildSession(Child(load, CONFIG), rows)
    await session.start()
    try:
        batch = rows.convert_all([{"x": 1.0}])
        assert (await session.predict(batch)).answers["value"].tolist() == [2.0]
        with pytest.raises(Unavailable, match="exit status 7"):
            await session.predict(rows.convert_all([{"x": DIES}]))
        await turned(lambda: session.ready is False)
        with pytest.raises(Unavailable, match="is being started again"):
            await session.predict(batch)
        assert session._revival is not None
        await asyncio.wait_for(session._revival, 30)
        assert session.ready
        assert (await session.predict(batch)).answers["value"].tolist() == [2.0]
    finally:
        await session.close()


async def test_too_many_waiting_requests_are_refused_at_once(load: Load) -> None:
    rows = reader(SCHEMA)
    session = ChildSession(Child(load, CONFIG), rows, most_waiting=2)
    await session.start()
    try:
        batch = rows.convert_all([{"x": 1.0}])
        given = [session.predict(batch) for _ in range(3)]
        outcomes = await asyncio.gather(*given, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(Busy) == 1
    finally:
        await session.close()
