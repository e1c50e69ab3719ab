"""Calls whose replies come later are told of once, whole."""

from __future__ import annotations

from hythe.monitor.records.call import DEGRADED, LATER, Call
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.record import BatchRecord, Layout, Reply
from hythe.monitor.records.replies import PATIENCE_S, Replies

AT_NS = 1_767_323_045_000_000_000


def record(*calls: Call, replies: tuple[Reply, ...] = ()) -> BatchRecord:
    layout = Layout("churn", "1.0.0")
    rows, batch = sum(call.rows for call in calls), calls[0].id if calls else ""
    return BatchRecord(layout, AT_NS, rows, True, 0.25, Calls.of(calls), [], {}, {}, 0.125, batch, replies)


def reply(name: str, duration_s: float = 2.0) -> Reply:
    return Reply(name, 200, 99, duration_s)


def ids(records: list[BatchRecord]) -> list[str]:
    return [call.id for record in records for call in record.calls]


def test_what_was_over_already_passes_as_it_is() -> None:
    whole = record(Call("a", 1), Call("b", 1))
    assert Replies().settled([whole], 0.0) == [whole]


def test_a_call_waits_for_its_reply_and_takes_what_it_says() -> None:
    replies = Replies()
    batch = record(Call("a", 2), Call("b", 3, duration_s=1.5, queue_s=0.5, flags=LATER | DEGRADED))
    assert ids(replies.settled([batch], 0.0)) == ["a"]
    [ended] = replies.settled([record(replies=(reply("b"),))], 1.0)
    [call] = ended.calls
    assert (call.status, call.bytes_out, call.duration_s, call.flags) == (200, 99, 2.0, DEGRADED)
    # The reply was written half a second after the record, which was an eighth after the model's end.
    assert (ended.at_ns, ended.encode_s) == (AT_NS + 500_000_000, 0.625)
    assert (ended.batch, ended.rows, ended.inference_s) == ("a", 5, 0.25)
    assert (replies.settled([], 1e9), replies.all()) == ([], [])


def test_what_the_windows_count_stays_as_it_was() -> None:
    replies, call = Replies(), Call("a", 1, duration_s=1.5, flags=LATER)
    replies.settled([record(call), record(replies=(reply("a"),))], 0.0)
    assert (call.duration_s, call.flags) == (1.5, LATER)


def test_a_reply_that_never_comes_is_not_waited_for_long() -> None:
    replies = Replies()
    replies.settled([record(Call("a", 1, flags=LATER))], 0.0)
    assert replies.settled([], PATIENCE_S - 0.1) == []
    [late] = replies.settled([], PATIENCE_S)
    assert (late.calls.status, late.calls.flags) == (0, LATER)
    assert replies.settled([record(replies=(reply("a"),))], PATIENCE_S) == []


def test_those_who_wait_have_bounds() -> None:
    replies = Replies()
    found: list[BatchRecord] = []
    for number in range(30_000):
        found += replies.settled([record(Call(str(number), 1, flags=LATER))], 0.0)
    assert ids(found) == [str(number) for number in range(10_000)]


def test_at_the_end_all_that_wait_are_given() -> None:
    replies = Replies()
    replies.settled([record(Call("a", 1, flags=LATER)), record(Call("b", 1, flags=LATER))], 0.0)
    assert ids(replies.all()) == ["a", "b"]
