"""A native model answers from its own process; what happens there stays there."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Corrupt, Invalid, TimedOut, Unavailable
from hythe.runtime.backoff import Backoff
from hythe.runtime.native.child import Child
from hythe.runtime.native.wire import Load
from hythe.runtime.predictor import native_predictor
from hythe.runtime.session_config import SessionConfig
from hythe.testing.native import DIES, EATS, HANGS, RAISES, misbehaving_model

CONFIG = SessionConfig(backoff=Backoff(first_s=0.2, most_s=0.4))


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


def test_rows_on_which_the_model_raises_are_refused_and_the_others_are_answered(child: Child) -> None:
    assert values(child, 1.0, 2.5) == [2.0, 5.0]
    pid = child.pid
    outcome = child.predict(pa.table({"x": [1.0, RAISES, 3.0, RAISES, 5.0]}))
    assert outcome.refused.tolist() == [False, True, False, True, False]
    assert outcome.answers["value"][~outcome.refused].tolist() == [2.0, 6.0, 10.0]
    assert outcome.reasons == {1: "ValueError: x is -1.0", 3: "ValueError: x is -1.0"}
    assert child.pid == pid != os.getpid()


def test_a_batch_of_nothing_but_refusals_has_no_answers(child: Child) -> None:
    outcome = child.predict(pa.table({"x": [RAISES, RAISES]}))
    assert outcome.refused.all()
    assert not outcome.answers


def test_no_rows_are_refused_without_asking_the_model(child: Child) -> None:
    with pytest.raises(Invalid, match="no rows"):
        child.predict(pa.table({"x": pa.array([], pa.float64())}))
    assert child.pid is None


@pytest.mark.parametrize("rows", [1, 5_000, 200_000])
def test_batches_of_any_size_come_back_row_for_row(child: Child, rows: int) -> None:
    numbers = np.arange(rows, dtype=np.float64)
    answers = child.predict(pa.table({"x": numbers})).answers["value"]
    np.testing.assert_array_equal(answers, 2 * numbers)
    assert values(child, 7.0) == [14.0]


def test_a_model_that_eats_memory_is_ended_at_its_limit(load: Load, clock: HandClock) -> None:
    child = Child(load, SessionConfig(memory_bytes=512 * 2**20), clock)
    try:
        assert values(child, 1.0) == [2.0]
        with pytest.raises(Unavailable, match="ran out of memory, its limit is 512 MiB"):
            values(child, 1.0, EATS)
        assert child.pid is None
        clock.time += 1
        assert values(child, 1.0) == [2.0]
    finally:
        child.close()


def test_a_deadline_that_is_over_never_reaches_the_model(child: Child) -> None:
    with pytest.raises(TimedOut, match="before the model was asked"):
        child.predict(pa.table({"x": [DIES]}), deadline_s=time.monotonic() - 1)
    assert values(child, 1.0) == [2.0]


def test_a_child_that_overruns_its_deadline_is_ended(load: Load) -> None:
    child = Child(load, SessionConfig(answer_s=600, overrun_s=0.1))
    child.start()
    with pytest.raises(Unavailable, match=r"did not answer within [12](\.\d+)? s and was ended"):
        child.predict(pa.table({"x": [HANGS]}), deadline_s=time.monotonic() + 2.0)
    assert child.pid is None


def test_an_interpreter_that_is_not_there_is_told(load: Load) -> None:
    with pytest.raises(Unavailable, match=r"cannot be started: .*nowhere"):
        Child(msgspec.structs.replace(load, python="/nowhere/python"), CONFIG).start()


def test_a_device_that_is_not_there_is_told_when_the_model_is_loaded(load: Load) -> None:
    with pytest.raises(Corrupt, match=r"no CUDA device 'cuda:0' for the python flavor"):
        Child(load, SessionConfig(device="cuda:0")).start()


def test_where_there_is_no_gpu_auto_is_the_cpu(load: Load) -> None:
    child = Child(load, SessionConfig(device="auto"))
    child.start()
    assert child.device == "cpu"
    child.close()


@pytest.mark.parametrize(
    "wrong", [{"answer_s": 0}, {"threads": 0}, {"instances": 0}, {"memory_bytes": 1}, {"device": "gpu"}]
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        SessionConfig(**wrong)


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
    child = Child(load, SessionConfig(answer_s=0.2))
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
        "from hythe.runtime.native.child import Child\nfrom hythe.runtime.native.wire import Load\n"
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
