"""What a process that starts is given of the processor."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.runtime.priority import give_way, may_raise, take_part


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    yield process.pid
    process.kill()
    process.communicate()


def test_a_process_gives_way_and_takes_part_again(sleeper: int) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    group = Path(f"/proc/{sleeper}/autogroup")
    give_way(sleeper)
    assert os.getpriority(os.PRIO_PROCESS, sleeper) == min(19, own + 10 * may_raise())
    assert not group.exists() or group.read_text().split()[-1] in {"10", "0"}
    take_part(sleeper)
    assert os.getpriority(os.PRIO_PROCESS, sleeper) == own
    assert not group.exists() or group.read_text().split()[-1] == "0"


def test_a_process_that_is_gone_is_left_alone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    give_way(process.pid)
    take_part(process.pid)
