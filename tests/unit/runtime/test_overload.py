"""A batcher that is offered three times what its model can do, simulated: time passes as the model says."""

import heapq
import random
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Busy, TimedOut
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.batcher import Batcher
from hythe.runtime.job import Job
from hythe.runtime.sink import Ran

DEADLINE_S = 0.25
SECONDS = 20.0


class Done:
    """What a call of the model waits for."""

    def __await__(self) -> Generator[Any, None, None]:
        yield self


class Simulation:
    """A loop, a clock, a model beside the loop, and clients that ask at a fixed rate."""

    inline = False
    ready = True
    splits = False
    concurrency = 1

    def __init__(self, takes_s: Callable[[int], float]) -> None:
        self.now = 100.0
        self.order = 0
        self.takes_s = takes_s
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.soon_calls: list[Callable[[], None]] = []
        self.answered_s: list[tuple[Job, float]] = []
        self.refused: list[Exception] = []
        self.expected_s = 0.0
        self.begun_in_vain = 0
        self.batcher = Batcher(self, self, self, BatchPolicy(), clock=lambda: self.now)

    def at(self, moment: float, call: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, (moment, self.order, call))

    def offer(self, rate: float, rows: int, lane: str = "") -> None:
        """Let clients ask, evenly, until the end."""
        for i in range(int(rate * SECONDS)):
            self.at(self.now + i / rate, lambda: self.ask(rows, lane))

    def ask(self, rows: int, lane: str) -> None:
        self.batcher.put(Job([0.0] * rows, rows, lane=lane, deadline_s=self.now + DEADLINE_S))

    def run_all(self) -> None:
        while self.events or self.soon_calls:
            if self.soon_calls:
                calls, self.soon_calls = self.soon_calls, []
                for call in calls:
                    call()
                continue
            self.now, _, event = heapq.heappop(self.events)
            event()

    # The scheduler.

    def soon(self, call: Callable[[], None]) -> None:
        self.soon_calls.append(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.step(work)

    def step(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            work.send(None)
        except StopIteration:
            return
        self.at(self.ends_s, lambda: self.step(work))

    # The session.

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def feed(self, batch: Any) -> Any:
        return batch

    def run_now(self, fed: Any) -> Outcome:
        raise NotImplementedError

    async def run(self, fed: Any, deadline_s: float = 0.0) -> Outcome:
        assert self.now < deadline_s
        self.expected_s = self.batcher.cost.expect(len(fed))
        self.ends_s = self.now + self.takes_s(len(fed))
        await Done()
        return Outcome({"value": np.array(fed)}, np.zeros(len(fed), dtype=np.bool_))

    # The sink.

    def answered(self, ran: Ran) -> None:
        self.answered_s += [(job, self.now) for job in ran.jobs]
        self.begun_in_vain += sum(job.deadline_s < ran.started_s + self.expected_s for job in ran.jobs)

    def failed(self, jobs: Sequence[Job], err: Exception) -> None:
        self.refused += [err] * len(jobs)

    def waiting(self, rows: int) -> None:
        del rows

    def rows_in_time(self, lane: str | None = None) -> int:
        return sum(
            job.rows for job, at in self.answered_s if at <= job.deadline_s and lane in {None, job.lane}
        )

    @property
    def late(self) -> float:
        return sum(at > job.deadline_s for job, at in self.answered_s) / len(self.answered_s)


def steady(rows: int) -> float:
    return 0.0015 + 0.002 * rows


def noisy(dice: random.Random) -> Callable[[int], float]:
    """Make a model whose calls take up to twice as long, and one in thirty is stalled for 50 ms."""
    return lambda rows: steady(rows) * dice.uniform(1.0, 2.0) + 0.05 * (dice.random() < 1 / 30)


def most_rows_per_s(takes_s: Callable[[int], float], rows: int) -> float:
    """Say how many rows the model does a second, in calls of about 20 ms."""
    size = max(rows, 9 // rows * rows)
    return size * 2000 / sum(takes_s(size) for _ in range(2000))


@pytest.mark.parametrize("rows", [1, 8, 64])
def test_three_times_what_the_model_can_do_leaves_it_busy_and_every_answer_in_time(rows: int) -> None:
    most = most_rows_per_s(steady, rows)
    world = Simulation(steady)
    world.offer(3 * most / rows, rows)
    world.run_all()
    assert world.rows_in_time() / SECONDS >= 0.97 * most
    assert world.late == world.begun_in_vain == 0
    assert sum(isinstance(err, TimedOut) for err in world.refused) <= 10
    assert all(isinstance(err, Busy | TimedOut) for err in world.refused)


@pytest.mark.parametrize("rows", [1, 8])
def test_a_model_whose_calls_stall_is_used_and_few_of_its_answers_come_late(rows: int) -> None:
    most = most_rows_per_s(noisy(random.Random(1)), rows)
    world = Simulation(noisy(random.Random(2)))
    world.offer(3 * most / rows, rows)
    world.run_all()
    assert world.rows_in_time() / SECONDS >= 0.8 * most
    assert world.late <= 0.02
    assert world.begun_in_vain == 0


def test_calls_that_cost_the_same_whatever_their_rows_grow_to_what_is_asked() -> None:
    world = Simulation(lambda rows: 0.05 + 1e-4 * rows)
    world.offer(500, 8)
    world.run_all()
    assert world.rows_in_time() / SECONDS >= 0.85 * 4000, "calls of 8 rows would do 160 a second"
    assert world.late == 0


def test_a_model_that_becomes_four_times_as_slow_answers_few_too_late() -> None:
    world = Simulation(steady)
    world.takes_s = lambda rows: steady(rows) * (1 if world.now < 105 else 4)
    world.offer(1400, 1)
    world.run_all()
    late = [at for job, at in world.answered_s if at > job.deadline_s]
    assert all(at < 106 for at in late), "within a second it is known"
    rest = [job for job, at in world.answered_s if at >= 106]
    assert len(rest) / (SECONDS - 6) >= 0.8 * most_rows_per_s(steady, 1) / 4


def test_a_caller_who_asks_little_has_its_answers_beside_one_who_asks_too_much() -> None:
    world = Simulation(steady)
    world.offer(1300, 1, "much")
    world.offer(60, 1, "little")
    world.run_all()
    assert world.rows_in_time("little") >= 0.95 * 60 * SECONDS
    assert world.rows_in_time() / SECONDS >= 0.95 * most_rows_per_s(steady, 1)


def test_what_calls_cost_is_found_out_again_when_it_forbids_every_call() -> None:
    world = Simulation(lambda _rows: 0.4 if world.now < 105 else 0.01)
    world.offer(5, 1)
    world.run_all()
    answered = [job for job, at in world.answered_s if at > 107]
    assert len(answered) >= 55, "of 65"
