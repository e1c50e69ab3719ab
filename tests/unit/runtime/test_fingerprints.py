"""Requests inside a process that crashed: suspected, cleared, refused."""

import signal
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from hythe.runtime.fingerprints import IN_FLIGHT, Crashes, InFlight, create, fingerprint

POISON, COMMON = 11, 22
DIES = """
import os, signal, sys
from hythe.runtime.fingerprints import InFlight
held = InFlight(int(sys.argv[1]), int(sys.argv[2]))
held.leave(held.enter(33))
for request in map(int, sys.argv[3:]):
    held.enter(request)
os.kill(os.getpid(), signal.SIGSEGV)
"""


def die(memory: int, place: int, *requests: int) -> None:
    words = [str(number) for number in (memory, place, *requests)]
    ended = subprocess.run([sys.executable, "-c", DIES, *words], pass_fds=[memory], check=False)
    assert ended.returncode == -signal.SIGSEGV


def test_a_request_that_killed_two_processes_is_refused_in_all() -> None:
    memory = create(places=3)
    parent, other = Crashes(memory), InFlight(memory, 2)
    die(memory, 0, POISON, COMMON)
    assert parent.crashed_in(0) == []
    assert not other.refuses(POISON)
    other.leave(other.enter(COMMON))
    die(memory, 1, POISON, COMMON)
    assert parent.crashed_in(1) == [POISON]
    assert other.refuses(POISON)
    assert not other.refuses(COMMON)
    assert not other.refuses(33)


def test_processes_that_crash_together_make_nothing_refused() -> None:
    memory = create(places=2)
    parent = Crashes(memory)
    first, second = InFlight(memory, 0), InFlight(memory, 1)
    first.enter(COMMON)
    second.enter(COMMON)
    assert (parent.crashed_in(0), parent.crashed_in(1)) == ([], [])


def test_a_failed_request_stays_suspect() -> None:
    memory = create(places=1)
    parent, worker = Crashes(memory), InFlight(memory, 0)
    worker.enter(POISON)
    parent.crashed_in(0)
    worker.leave(worker.enter(POISON), answered=False)
    worker.enter(POISON)
    assert parent.crashed_in(0) == [POISON]


def test_a_child_that_crashes_twice_at_a_request_counts_too() -> None:
    memory = create(places=1)
    parent = Crashes(memory)
    assert parent.crashed_with([POISON]) == []
    assert parent.crashed_with([POISON]) == [POISON]
    assert InFlight(memory, 0).refuses(POISON)


def test_an_orderly_end_and_a_new_start_leave_nothing_behind() -> None:
    memory = create(places=1)
    parent = Crashes(memory)
    InFlight(memory, 0).enter(POISON)
    parent.forget(0)
    InFlight(memory, 0).enter(POISON)
    InFlight(memory, 0)
    assert parent.crashed_in(0) == []
    assert parent.crashed_with([POISON]) == []


def test_more_requests_than_there_is_room_for_are_served_unwritten() -> None:
    memory = create(places=1)
    worker = InFlight(memory, 0)
    slots = [worker.enter(number + 1) for number in range(IN_FLIGHT + 5)]
    assert slots.count(-1) == 5
    for slot in slots:
        worker.leave(slot)
    assert worker.enter(1) >= 0


def test_the_table_keeps_the_refused_longest() -> None:
    memory = create(places=1)
    parent = Crashes(memory)
    for _ in range(2):
        parent.crashed_with([POISON])
    for number in range(100, 300):
        parent.crashed_with([number])
    assert InFlight(memory, 0).refuses(POISON)


@given(st.binary(max_size=20_000), st.integers(0, 2**32 - 1))
def test_equal_requests_have_equal_fingerprints_that_fit(body: bytes, seed: int) -> None:
    found = fingerprint(body, seed)
    assert 0 < found < 2**64
    assert fingerprint(memoryview(body), seed) == found
    assert fingerprint(body + b"x", seed) != found
