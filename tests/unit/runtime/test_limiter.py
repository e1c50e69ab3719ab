"""A rate and a quota hold over all processes, and quotas outlive them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import pytest

from hythe.base.errors import Busy, Invalid
from hythe.runtime.limiter import Limit, Limiter, Policer, Usage, create

DAY = 86_400.0
HAMMER = """
import sys, time
from hythe.base.errors import Busy
from hythe.runtime.limiter import Limit, Limiter

descriptor, column, for_s, rate, burst, quota = (float(word) for word in sys.argv[1:])
policer = Limiter(int(descriptor), int(column)).policer(3, Limit.of(rate, int(burst), quota, period_s=1e12))
taken = 0
print("ready", flush=True)
start = float(input())
while time.monotonic() < start + for_s:
    try:
        policer.take()
        taken += 1
    except Busy as err:
        time.sleep(min(err.retry_after_s, 0.002))
print(taken)
"""


@dataclass
class Times:
    """Both clocks of a limiter, in s; they stand still until set."""

    monotonic: float = 1000.0
    wall: float = 20 * DAY + 100.0


def limiter(times: Times, descriptor: int, column: int = 0) -> Limiter:
    return Limiter(descriptor, column, monotonic=lambda: times.monotonic, wall=lambda: times.wall)


def taken(policer: Policer, tries: int) -> int:
    passed = 0
    for _ in range(tries):
        try:
            policer.take()
        except Busy:
            continue
        passed += 1
    return passed


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = create(columns=4, places=8)
    yield made
    os.close(made)


def test_a_burst_passes_and_then_one_request_an_interval(times: Times, descriptor: int) -> None:
    policer = limiter(times, descriptor).policer(0, Limit.of(10.0, burst=3))
    assert taken(policer, 10) == 3
    times.monotonic += 0.1
    assert taken(policer, 10) == 1
    times.monotonic += 60.0
    assert taken(policer, 10) == 3


class Slow(float):
    """A cost whose sum takes so long that another process takes something meanwhile, once."""

    def __new__(cls, _meanwhile: Callable[[], None]) -> Self:
        return super().__new__(cls, 1.0)

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = [meanwhile]

    def __mul__(self, other: float) -> float:
        if self._meanwhile:
            self._meanwhile.pop()()
        return float(self) * other


def test_what_another_process_takes_meanwhile_is_not_forgotten(times: Times, descriptor: int) -> None:
    limit = Limit.of(10.0, burst=3)
    one, other = (limiter(times, descriptor, column).policer(0, limit) for column in range(2))
    one.take(Slow(other.take))
    assert taken(one, 10) == 1


def test_a_refusal_says_when_it_would_pass(times: Times, descriptor: int) -> None:
    policer = limiter(times, descriptor).policer(0, Limit.of(4.0))
    policer.take()
    times.monotonic += 0.1
    with pytest.raises(Busy, match="the rate of 4 a second is used up") as refused:
        policer.take()
    assert refused.value.retry_after_s == pytest.approx(0.15)
    times.monotonic += refused.value.retry_after_s
    policer.take()


def test_a_refused_request_costs_nothing(times: Times, descriptor: int) -> None:
    policer = limiter(times, descriptor).policer(0, Limit.of(10.0, burst=2))
    assert taken(policer, 1000) == 2
    times.monotonic += 0.1
    assert taken(policer, 1) == 1


def test_a_costly_request_takes_its_share(times: Times, descriptor: int) -> None:
    policer = limiter(times, descriptor).policer(0, Limit.of(10.0, burst=5))
    policer.take(4.0)
    assert taken(policer, 5) == 1


def test_processes_share_one_rate(times: Times, descriptor: int) -> None:
    limit = Limit.of(10.0, burst=4)
    policers = [limiter(times, descriptor, column).policer(0, limit) for column in range(4)]
    assert sum(taken(policer, 3) for policer in policers) == 4


def test_places_do_not_touch_each_other(times: Times, descriptor: int) -> None:
    limit = Limit.of(1.0, 1, quota=1)
    policers = [limiter(times, descriptor).policer(place, limit) for place in range(8)]
    assert [taken(policer, 5) for policer in policers] == [1] * 8


def test_processes_share_one_quota_until_the_utc_day_ends(times: Times, descriptor: int) -> None:
    limit = Limit.of(None, quota=10)
    policers = [limiter(times, descriptor, column).policer(0, limit) for column in range(4)]
    assert sum(taken(policer, 4) for policer in policers) == 10
    with pytest.raises(Busy, match="the quota of 10 requests is used up") as refused:
        policers[0].take()
    assert refused.value.retry_after_s == DAY - 100.0
    times.wall += refused.value.retry_after_s
    assert sum(taken(policer, 4) for policer in policers) == 10


def test_a_clock_that_is_set_back_and_forth_starts_no_endless_refusal(times: Times, descriptor: int) -> None:
    policer = limiter(times, descriptor).policer(0, Limit.of(None, quota=2))
    assert taken(policer, 3) == 2
    times.wall += 400 * DAY
    assert taken(policer, 3) == 2
    times.wall -= 400 * DAY
    assert taken(policer, 3) == 2


def test_what_the_rate_refuses_is_not_taken_from_the_quota(times: Times, descriptor: int) -> None:
    first = limiter(times, descriptor)
    assert taken(first.policer(0, Limit.of(1.0, 1, quota=100)), 50) == 1
    assert first.usage(0).used == 1


def test_usage_tells_what_was_taken_and_not_yet_saved(times: Times, descriptor: int) -> None:
    keeper = limiter(times, descriptor, 3)
    policers = [
        limiter(times, descriptor, column).policer(0, Limit.of(None, quota=100)) for column in range(2)
    ]
    assert sum(taken(policer, 3) for policer in policers) == 6
    seen = keeper.usage(0)
    assert seen == Usage(period=20, used=6, total=6, unsaved=6)
    policers[0].take()
    keeper.restore(0, seen, period=20, used=6)
    assert keeper.usage(0) == Usage(period=20, used=7, total=7, unsaved=1)


def test_a_quota_goes_on_after_a_restart(times: Times, descriptor: int) -> None:
    keeper = limiter(times, descriptor)
    keeper.restore(0, keeper.usage(0), period=20, used=7)
    assert taken(keeper.policer(0, Limit.of(None, quota=10)), 10) == 3
    assert keeper.usage(0) == Usage(period=20, used=10, total=3, unsaved=3)


def test_what_other_servers_used_counts(times: Times, descriptor: int) -> None:
    keeper = limiter(times, descriptor)
    policer = keeper.policer(0, Limit.of(None, quota=10))
    policer.take()
    keeper.restore(0, keeper.usage(0), period=20, used=1 + 8)
    assert taken(policer, 5) == 1


def test_what_was_used_yesterday_is_not_charged_to_a_day_that_began_meanwhile(
    times: Times, descriptor: int
) -> None:
    keeper = limiter(times, descriptor)
    policer = keeper.policer(0, Limit.of(None, quota=3))
    policer.take()
    seen = keeper.usage(0)
    times.wall += DAY
    policer.take()
    keeper.restore(0, seen, period=20, used=3)
    assert keeper.usage(0).used == 1


def test_a_place_or_column_beyond_the_memory_is_refused(descriptor: int) -> None:
    with pytest.raises(Invalid, match="place 8 of 8"):
        Limiter(descriptor, 0).policer(8, Limit())
    with pytest.raises(Invalid, match="place -1 of 8"):
        Limiter(descriptor, 0).usage(-1)
    with pytest.raises(Invalid, match="column 4 of 4"):
        Limiter(descriptor, 4)


def hammered(for_s: float, rate: float, burst: int, quota: float) -> list[int]:
    """Let four processes take as fast as they can; give what each got."""
    descriptor = create(columns=4)
    os.set_inheritable(descriptor, True)
    words = [for_s, rate, burst, quota]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, *map(str, [descriptor, column, *words])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=(descriptor,),
        )
        for column in range(4)
    ]  # fmt: skip
    os.close(descriptor)
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    start = time.monotonic()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{start}\n")
        worker.stdin.flush()
    return [int(worker.communicate(timeout=120)[0]) for worker in workers]


def test_the_rate_over_four_processes_holds_within_5_percent() -> None:
    passed = hammered(for_s=2.0, rate=500.0, burst=100, quota=0)
    assert sum(passed) == pytest.approx(100 + 2.0 * 500.0, rel=0.05)


def test_no_request_beyond_the_quota_passes_in_four_processes() -> None:
    passed = hammered(for_s=1.0, rate=1e9, burst=1000, quota=5000)
    assert sum(passed) == 5000
