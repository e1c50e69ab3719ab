"""One process puts, one takes: nothing twice, nothing half, and what finds no room is counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Corrupt, Invalid
from hythe.runtime.ring import Ring, create

PRODUCER = """
import sys
from hythe.runtime.ring import Ring
ring = Ring(int(sys.argv[1]))
number = int(sys.argv[2])
print("began", flush=True)
while True:
    if ring.put([number.to_bytes(8, "little") * (1 + number % 200)]):
        number += 1
"""


def taken(ring: Ring) -> list[bytes]:
    return [bytes(record) for _, record in ring.take()]


@pytest.fixture
def pair() -> tuple[Ring, Ring]:
    descriptor = create(4096)
    return Ring(descriptor), Ring(descriptor)


def test_records_come_out_as_they_went_in_and_once(pair: tuple[Ring, Ring]) -> None:
    producer, consumer = pair
    producer.put([b"one", b"", memoryview(b" and two")])
    producer.put([])
    assert taken(consumer) == [b"one and two", b""]
    assert taken(consumer) == []


def test_a_full_ring_loses_the_newest_and_counts_it(pair: tuple[Ring, Ring]) -> None:
    producer, consumer = pair
    assert producer.put([bytes(3000)])
    assert not producer.put([bytes(2000)])
    assert consumer.lost == 1
    assert [len(record) for record in taken(consumer)] == [3000]


def test_a_record_larger_than_the_ring_never_fits(pair: tuple[Ring, Ring]) -> None:
    assert not pair[0].put([bytes(5000)])
    assert pair[1].lost == 1


def test_room_comes_back_only_by_release(pair: tuple[Ring, Ring]) -> None:
    producer, consumer = pair
    producer.put([bytes(3000)])
    [(end, _)] = consumer.take()
    assert not producer.put([bytes(3000)])
    consumer.release(end)
    assert producer.put([bytes(3000)])


def test_another_consumer_begins_with_what_was_not_released() -> None:
    descriptor = create(4096)
    producer, consumer = Ring(descriptor), Ring(descriptor)
    for record in (b"one", b"two", b"three"):
        producer.put([record])
    [(first, _), *_] = consumer.take()
    consumer.release(first)
    producer.put([b"four"])
    assert taken(Ring(descriptor)) == [b"two", b"three", b"four"]


def test_a_claim_and_its_note_stand_until_the_release(pair: tuple[Ring, Ring]) -> None:
    producer, consumer = pair
    producer.put([b"one"])
    [(end, _)] = consumer.take()
    assert consumer.claimed == consumer.tail
    consumer.claim(end, note=7)
    assert (consumer.claimed, consumer.note) == (end, 7)
    consumer.release(end)
    assert (consumer.tail, consumer.note) == (end, 7)


class CutOff(BaseException):
    """Stands for the end of the process at this instruction."""


class Cut:
    """A ring's words, that end the process before one of the changes to them."""

    def __init__(self, words: memoryview, changes: int) -> None:
        self.words, self.changes = words, changes

    def __getitem__(self, place: int) -> int:
        return int(self.words[place])

    def __setitem__(self, place: int, word: int) -> None:
        if not self.changes:
            raise CutOff
        self.changes -= 1
        self.words[place] = word


@pytest.mark.parametrize("changes", range(5))
@pytest.mark.parametrize("releases", range(4))
def test_marks_go_with_the_room_that_is_given_back_wherever_the_consumer_is_killed(
    changes: int, releases: int
) -> None:
    descriptor = create(4096, marks=2)
    producer, consumer = Ring(descriptor), Ring(descriptor)
    assert consumer.marks == [0, 0]
    for number in range(1, releases + 1):
        producer.put([b"a record"])
        [(end, _)] = consumer.take()
        consumer.release(end, [number, -number % 2**64])
    before, tail = consumer.marks, consumer.tail
    producer.put([b"another"])
    killed: Any = Ring(descriptor)
    [(end, _)] = killed.take()
    killed._words = Cut(killed._words, changes)
    with suppress(CutOff):
        killed.release(end, [77, 88])
    after = Ring(descriptor)
    assert (after.tail, after.marks) == ((tail, before) if changes < 4 else (end, [77, 88]))
    assert taken(after) == ([b"another"] if changes < 4 else [])
    assert after.capacity == 4096


def test_every_ring_has_a_name_of_its_own() -> None:
    one, two = create(4096), create(4096)
    assert Ring(one).id == Ring(one).id != Ring(two).id


def test_memory_that_is_no_ring_is_told(pair: tuple[Ring, Ring]) -> None:
    producer, consumer = pair
    producer.put([b"one"])
    producer._words[4096 // 8] = 10**6
    with pytest.raises(Corrupt, match="ends behind the ring's head"):
        taken(consumer)


@pytest.mark.parametrize("size", [0, 4097])
def test_a_ring_is_whole_pages(size: int) -> None:
    with pytest.raises(Invalid, match="multiple of 4096"):
        create(size)


@given(st.lists(st.one_of(st.integers(0, 1500), st.just(-1)), max_size=200))
def test_a_ring_is_a_bounded_queue(steps: list[int]) -> None:
    """Against a deque: records of these sizes go in, and -1 takes and releases all that is there."""
    descriptor = create(4096)
    producer, consumer = Ring(descriptor), Ring(descriptor)
    wanted: deque[bytes] = deque()
    lost = 0
    for number, step in enumerate(steps):
        if step < 0:
            records = list(consumer.take())
            assert [bytes(record) for _, record in records] == list(wanted)
            wanted.clear()
            if records:
                consumer.release(records[-1][0])
        elif producer.put([bytes([number % 256]) * step]):
            wanted.append(bytes([number % 256]) * step)
        else:
            lost += 1
    assert [bytes(record) for _, record in consumer.take()] == list(wanted)
    assert consumer.lost == lost


def test_killed_producers_leave_whole_records_only() -> None:
    """Three producers in turn are killed while they write; what was read is 0, 1, 2, … without a gap."""
    descriptor = create(64 * 1024)
    consumer = Ring(descriptor)
    expected = 0
    for _ in range(3):
        with producer(descriptor, expected) as process:
            goal = expected + 2000
            while expected < goal:
                expected = drain(consumer, expected)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        expected = drain(consumer, expected)


def drain(consumer: Ring, expected: int) -> int:
    for end, record in consumer.take():
        assert bytes(record) == expected.to_bytes(8, "little") * (1 + expected % 200)
        expected += 1
        consumer.release(end)
    return expected


def producer(descriptor: int, first: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, str(descriptor), str(first)],
        pass_fds=[descriptor],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    return process


def test_a_lost_record_counts_as_often_as_it_tells_of_requests() -> None:
    ring = Ring(create(4096))
    assert not ring.put([bytes(5000)], requests=64)
    assert ring.lost == 64


def test_a_new_producer_takes_over_what_the_one_before_had_not_told() -> None:
    descriptor = create(4096)
    producer, consumer = Ring(descriptor), Ring(descriptor)
    for _ in range(5):
        producer.enter()
    producer.leave(3)
    assert (consumer.inside, consumer.untold) == (2, 0)
    Ring(descriptor).begin()
    assert (consumer.inside, consumer.untold) == (0, 2)
    Ring(descriptor).begin()
    assert consumer.untold == 2
