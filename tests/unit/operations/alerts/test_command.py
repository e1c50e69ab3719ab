"""Commands end when they take too long, and when the control plane does."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.integration.chaos.processes import alive

from hythe.base.errors import TimedOut, Unavailable
from hythe.operations.alerts.command import run
from hythe.testing.waiting import until


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    words = ("sh", "-c", f"sleep 600 & echo $! > {place}; wait")
    with pytest.raises(TimedOut, match=r"'sh' was ended: it took longer than 2 s"):
        run(words, b"", 2.0, threading.Event())
    pid = int(place.read_text())
    until(lambda: not alive(pid))


def test_a_command_ends_with_the_control_plane() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TimedOut, match="the control plane ends"):
        run(("sleep", "600"), b"", 600, stop)


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(Unavailable, match="'/no/such/program' cannot be started: No such file"):
        run(("/no/such/program",), b"", 10, threading.Event())


def test_a_command_that_does_not_read_is_no_failure() -> None:
    run(("true",), b"x" * 1_000_000, 10, threading.Event())
