"""Spans on their way out: bounded, counted, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import pytest

from hythe.server.observing.span_queue import MOST_SENT, SpanQueue
from hythe.server.observing.spans import Span
from hythe.testing.waiting import until

PATIENCE_S = 120.0


class Sink:
    """Takes spans while `open`; `stopped` lets it go on."""

    def __init__(self, *, takes: bool = True, opened: bool = True) -> None:
        self.takes = takes
        self.sent: list[Sequence[Span]] = []
        self.entered = Event()
        self.open = Event()
        if opened:
            self.open.set()

    def send(self, spans: Sequence[Span]) -> bool:
        self.entered.set()
        assert self.open.wait(PATIENCE_S)
        self.sent.append(spans)
        return self.takes

    def stop(self) -> None:
        self.open.set()


def spans(n: int) -> list[Span]:
    return [Span("1" * 32, f"{number:016x}", "", "queue", 0, 1, {}) for number in range(n)]


def test_all_that_is_put_is_sent_in_order_and_in_bounded_pieces() -> None:
    sink = Sink()
    queue = SpanQueue(sink.send, sink.stop)
    given = spans(2000)
    for place in range(0, 2000, 4):
        queue.put(given[place : place + 4])
    queue.close()
    assert [span for sent in sink.sent for span in sent] == given
    assert max(map(len, sink.sent)) <= MOST_SENT
    assert queue.lost() == 0


def test_what_finds_no_room_is_lost_whole_and_counted_once() -> None:
    sink = Sink(opened=False)
    queue = SpanQueue(sink.send, sink.stop, most_waiting=10)
    queue.put(spans(4))
    assert sink.entered.wait(PATIENCE_S)  # the four are under way, and the queue is empty
    for _ in range(4):
        if queue.room(4):
            queue.put(spans(4))
    assert (queue.lost(), queue.lost()) == (8, 0)
    sink.open.set()
    queue.close()
    assert sum(map(len, sink.sent)) == 12


def test_what_is_not_taken_is_lost_and_counted() -> None:
    sink = Sink(takes=False)
    queue = SpanQueue(sink.send, sink.stop)
    queue.put(spans(7))
    queue.close()
    assert queue.lost() == 7


@pytest.mark.parametrize("patience_s", [0.0, 0.05])
def test_the_end_does_not_wait_for_a_collector_that_hangs(patience_s: float) -> None:
    sink = Sink(takes=False, opened=False)
    queue = SpanQueue(sink.send, sink.stop)
    queue.put(spans(4))
    assert sink.entered.wait(PATIENCE_S)
    queue.put(spans(4))
    queue.close(patience_s)
    lost = []

    def all_are_lost() -> bool:  # the thread that sends may yet have to hear of it
        lost.append(queue.lost())
        return sum(lost) == 8

    until(all_are_lost)
