"""Who may still join those that wait: by what is to be expected, and by what nearly all stay within."""

import math

from hythe.base.errors import Busy
from hythe.runtime.backlog import Backlog
from hythe.runtime.batch_policy import QueueLimits
from hythe.runtime.cost import Cost
from hythe.runtime.job import Job

CALL_S, MOST_WAIT_S = 0.010, 1.0


def stalled() -> Backlog:
    """Give a backlog whose model answers a row in 10 ms, after one answer that took a second."""
    cost = Cost()
    for _ in range(20):
        cost.learn(1, CALL_S)
    backlog = Backlog(cost)
    backlog.follow(QueueLimits(), MOST_WAIT_S)
    one = Job([0], 1)
    one.computed_s = CALL_S
    backlog.learn([one], 1.0)
    return backlog


def put(backlog: Backlog, deadline_s: float = math.inf) -> list[type[Exception]]:
    job = Job([0], 1, deadline_s=deadline_s)
    return [type(err) for _, err in backlog.put(job, 1)]


def test_one_stall_turns_nobody_away_who_would_wait() -> None:
    backlog = stalled()
    assert [put(backlog) for _ in range(10)] == [[]] * 10


def test_a_deadline_is_held_against_what_nearly_all_stay_within() -> None:
    backlog = stalled()
    for _ in range(4):
        assert put(backlog) == []
    assert put(backlog, deadline_s=1.0) == [Busy]
    assert put(backlog) == []


def test_a_queue_that_is_too_long_even_so_is_joined_by_nobody() -> None:
    backlog = stalled()
    taken = [put(backlog) for _ in range(200)]
    assert taken[0] == []
    assert taken[-1] == [Busy]
