"""Counts of many processes add up exactly."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hythe.base.errors import Invalid
from hythe.runtime.counters import REGION_BYTES, Counters, create


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = create(slots=3)
    yield descriptor
    os.close(descriptor)


def test_slots_add_up(memory: int) -> None:
    slots = [Counters(memory, slot) for slot in range(3)]
    for number, slot in enumerate(slots):
        slot.counter("requests", outcome="ok").add(10**number)
    slots[1].counter("requests", outcome="bad").add()
    for reader in slots:
        assert reader.read() == {
            ("requests", (("outcome", "ok"),)): [111.0],
            ("requests", (("outcome", "bad"),)): [1.0],
        }


def test_who_takes_over_a_slot_goes_on_counting(memory: int) -> None:
    Counters(memory, 1).counter("requests").add(5)
    again = Counters(memory, 1)
    again.counter("requests").add(1)
    again.counter("later").add(2)
    assert Counters(memory, 0).read() == {("requests", ()): [6.0], ("later", ()): [2.0]}


def test_a_gauge_forgets_what_a_dead_process_held(memory: int) -> None:
    Counters(memory, 1).gauge("in_flight").add(3)
    Counters(memory, 2).gauge("in_flight").add(2)
    Counters(memory, 1).gauge("in_flight").add(1)
    assert Counters(memory, 0).read() == {("in_flight", ()): [3.0]}


def test_a_histogram_counts_a_value_in_the_bucket_that_ends_at_or_above_it(memory: int) -> None:
    histogram = Counters(memory, 0).histogram("seconds", (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    assert Counters(memory, 0).read() == {("seconds", ()): [2.0, 1.0, 1.0, 7.65]}


def test_label_values_may_hold_anything(memory: int) -> None:
    Counters(memory, 0).counter("requests", path='a"b\\\n{}=,é').add()
    assert list(Counters(memory, 1).read()) == [("requests", (("path", 'a"b\\\n{}=,é'),))]


def test_a_full_region_says_so_and_keeps_what_it_has(memory: int) -> None:
    counters = Counters(memory, 0)
    size = REGION_BYTES // 4
    for number in range(3):
        counters.counter("requests", label=f"{number}" * size).add()
    with pytest.raises(Invalid, match="no room for another series"):
        counters.counter("requests", label="3" * size)
    assert list(counters.read().values()) == [[1.0]] * 3


def test_a_slot_that_does_not_exist_is_refused(memory: int) -> None:
    with pytest.raises(Invalid, match="slot 3 of 3"):
        Counters(memory, 3)


def test_processes_count_at_once_and_nothing_is_lost(memory: int) -> None:
    count = (
        "import sys; from hythe.runtime.counters import Counters\n"
        "counter = Counters(int(sys.argv[1]), int(sys.argv[2])).counter('requests')\n"
        "for _ in range(20_000): counter.add()"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", count, str(memory), str(slot)], pass_fds=[memory])
        for slot in range(3)
    ]
    assert [child.wait(30) for child in children] == [0, 0, 0]
    assert Counters(memory, 0).read() == {("requests", ()): [60_000.0]}
