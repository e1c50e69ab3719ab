"""One writer, many readers, and a writer that dies at any moment."""

import random
import signal
import subprocess
import sys
import time

import pytest

from hythe.base.errors import TooLarge
from hythe.runtime.bulletin import ANY, Bulletin

WRITER = """
import sys
from hythe.runtime.bulletin import Bulletin
bulletin = Bulletin(int(sys.argv[1]))
while True:
    number = bulletin.sequence + 1
    bulletin.publish(str(number % 10).encode() * (1000 * (number % 97) + 1))
"""


def test_readers_see_what_was_published_last() -> None:
    bulletin = Bulletin.create()
    reader = Bulletin(bulletin.descriptor)
    assert (reader.sequence, reader.read()) == (0, (0, b""))
    for number in range(1, 6):
        assert bulletin.publish(b"%d" % number) == number
        assert (reader.sequence, reader.read()) == (number, (number, b"%d" % number))


def test_what_does_not_fit_leaves_the_last_document() -> None:
    bulletin = Bulletin.create(most_bytes=4096)
    bulletin.publish(b"x" * 4096)
    with pytest.raises(TooLarge, match="4097 bytes; at most 4096"):
        bulletin.publish(b"y" * 4097)
    assert bulletin.read() == (1, b"x" * 4096)


def test_no_reader_sees_a_half_written_document_though_writers_are_killed() -> None:
    bulletin = Bulletin.create(most_bytes=2**20)
    seed = random.Random(5)
    seen = set()
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bulletin.descriptor)], pass_fds=[bulletin.descriptor]
        )
        try:
            before = bulletin.sequence
            until = time.monotonic() + 120
            enough = before + seed.randrange(50, 300)
            while bulletin.sequence < enough:
                assert time.monotonic() < until
                number, document = bulletin.read()
                assert document == str(number % 10).encode() * (1000 * (number % 97) + 1) or number == 0
                seen.add(number)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        number, document = bulletin.read()
        assert document == str(number % 10).encode() * (1000 * (number % 97) + 1)
    assert len(seen) > 12


def test_what_some_reader_may_still_need_is_known() -> None:
    bulletin = Bulletin.create()
    for _ in range(5):
        bulletin.publish(b"")
    assert bulletin.applied_by_all == 5
    bulletin.applied(0, 4)
    bulletin.applied(255, 5)
    assert bulletin.applied_by_all == 4
    bulletin.hold(7)
    assert Bulletin(bulletin.descriptor).applied_by_all == ANY
    bulletin.release(7)
    bulletin.release(0)
    assert bulletin.applied_by_all == 5
