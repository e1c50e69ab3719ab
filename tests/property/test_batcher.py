"""The batcher's laws, over schedules of requests, cancellations, passing time and models that fail."""

import math
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.base.errors import Busy, Cancelled, Invalid, TimedOut, Unavailable
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch_policy import BatchPolicy, QueueLimits
from hythe.runtime.batcher import Batcher
from hythe.runtime.fair_queue import FairQueue
from hythe.runtime.job import Job
from hythe.runtime.sink import Ran

MAX_ROWS = 8
POISON = -1.0


class Pause:
    def __await__(self) -> Generator[Any, None, None]:
        yield self


@dataclass
class World:
    """A loop, a clock and a model that the schedule moves by hand."""

    inline: bool
    concurrency: int
    splits: bool = False
    now: float = 0.0
    soon_calls: list[Callable[[], None]] = field(default_factory=list)
    running: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    calls: list[list[float]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    broken: bool = False
    ready: bool = True
    asked: list[Job] = field(default_factory=list)

    def request(self, rows: int, lane: str, patience_s: float, kind: str, poison: bool) -> Job:
        batch = [len(self.asked) * 100.0 + row for row in range(rows)]
        if poison:
            batch[-1] = POISON
        self.asked.append(Job(batch, rows, kind=kind, lane=lane, deadline_s=self.now + patience_s))
        return self.asked[-1]

    def soon(self, call: Callable[[], None]) -> None:
        self.soon_calls.append(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.running.append(work)

    def turn(self) -> None:
        calls, self.soon_calls = self.soon_calls, []
        for call in calls:
            call()

    def step(self, place: int) -> None:
        if self.running:
            work = self.running.pop(place % len(self.running))
            try:
                work.send(None)
            except StopIteration:
                return
            self.running.append(work)

    def drain(self) -> None:
        while self.soon_calls or self.running:
            self.turn()
            self.step(0)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def feed(self, batch: Any) -> Any:
        return list(batch)

    def run_now(self, fed: Any) -> Outcome:
        self.calls.append(fed)
        self.now += 1e-6 * len(fed)
        if self.broken:
            raise Unavailable("the model is gone; try again")
        if POISON in fed:
            raise Invalid("the model refuses the batch")
        values = np.array(fed)
        return Outcome({"value": values}, np.zeros(len(values), dtype=np.bool_))

    async def run(self, fed: Any, deadline_s: float = math.inf) -> Outcome:
        assert deadline_s > 0
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await Pause()
            return self.run_now(fed)
        finally:
            self.at_once -= 1


@dataclass
class Heard:
    """What became of each job."""

    answers: dict[int, list[float]] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)
    twice: list[int] = field(default_factory=list)
    batches: list[Ran] = field(default_factory=list)
    rows_waiting: int = 0

    def waiting(self, rows: int) -> None:
        self.rows_waiting = rows

    def answered(self, ran: Ran) -> None:
        self.batches.append(ran)
        start = 0
        for job in ran.jobs:
            self._once(job)
            self.answers[id(job)] = ran.outcome.answers["value"][start : start + job.rows].tolist()
            start += job.rows

    def failed(self, jobs: Sequence[Job], err: Exception) -> None:
        for job in jobs:
            self._once(job)
            self.errors[id(job)] = err

    def _once(self, job: Job) -> None:
        if id(job) in self.answers or id(job) in self.errors:
            self.twice.append(id(job))


REQUEST = st.tuples(
    st.just("put"),
    st.integers(1, 12),
    st.sampled_from(["ana", "ben", "cid"]),
    st.sampled_from([math.inf, 0.0005, 0.01]),
    st.sampled_from(["a", "a", "a", "b"]),
    st.sampled_from([False] * 9 + [True]),
)
EVENT = st.one_of(
    REQUEST,
    REQUEST,
    REQUEST,
    st.tuples(st.just("turn")),
    st.tuples(st.just("step"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([0.0001, 0.001, 0.02])),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
    st.tuples(st.just("break")),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENT, max_size=60), st.booleans(), st.integers(1, 3), st.booleans())
def test_whatever_happens_each_request_hears_once_and_of_its_own_rows(
    events: list[tuple[Any, ...]], inline: bool, concurrency: int, splits: bool
) -> None:
    world, heard = World(inline, concurrency, splits), Heard()
    policy = BatchPolicy(max_rows=MAX_ROWS, queue=QueueLimits(rows=60))
    batcher = Batcher(world, heard, world, policy, clock=lambda: world.now)
    jobs = [job for what, *rest in events for job in happen(world, batcher, what, rest)]
    was_broken = any(event[0] == "break" for event in events)
    world.broken = False
    world.drain()
    called = {value for call in world.calls for value in call}
    # A call that raised because of one job's rows told nothing of the others, which are asked for again.
    told = {value for call in world.calls if POISON not in call for value in call}
    assert batcher.idle
    assert heard.rows_waiting == 0
    assert heard.twice == []
    assert {id(job) for job in jobs} == set(heard.answers) | set(heard.errors)
    assert world.most_at_once <= concurrency + len(jobs) * (POISON in called)
    check_batches(heard)
    if splits:
        assert all(len(call) <= MAX_ROWS for call in world.calls)
    for job in jobs:
        if id(job) in heard.answers:
            assert heard.answers[id(job)] == list(job.batch)
            assert POISON not in job.batch
        else:
            blamed(heard.errors[id(job)], job, told, was_broken=was_broken, splits=splits)


def happen(world: World, batcher: Batcher, what: str, rest: list[Any]) -> list[Job]:
    """Let one event happen; gives the job that it brought."""
    if what == "put":
        job = world.request(*rest)
        batcher.put(job)
        return [job]
    if what == "cancel" and world.asked:
        world.asked[rest[0] % len(world.asked)].cancelled = True
    elif what in {"turn", "step"}:
        getattr(world, what)(*rest)
    elif what == "wait":
        world.now += rest[0]
    elif what == "break":
        world.broken = not world.broken
    return []


def check_batches(heard: Heard) -> None:
    """What shared a call was allowed to."""
    for ran in heard.batches:
        assert len(ran.jobs) == 1 or ran.rows <= MAX_ROWS
        assert len({job.kind for job in ran.jobs}) == 1
        assert not ran.calls or sum(call.rows for call in ran.calls) == ran.rows > 1
        assert all(job.deadline_s > job.queued_s for job in ran.jobs)


def blamed(err: Exception, job: Job, told: set[float], *, was_broken: bool, splits: bool) -> None:
    """A request fails for a reason of its own, or because the model as a whole failed."""
    if isinstance(err, TimedOut | Cancelled | Busy):
        own = {value for value in job.batch if value != POISON}
        if splits and not isinstance(err, Busy):
            assert own - told or POISON in job.batch, "the model was not called for all rows"
        else:
            assert not told & own, "the model never told of its rows"
    if isinstance(err, Invalid):
        assert POISON in job.batch
    elif isinstance(err, TimedOut):
        assert job.deadline_s < math.inf
    elif isinstance(err, Cancelled):
        assert job.cancelled
    elif isinstance(err, Unavailable):
        assert was_broken
    else:
        assert isinstance(err, Busy)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 20)), min_size=1, max_size=80),
    st.integers(1, 64),
)
def test_a_queue_loses_nothing_and_keeps_each_lanes_order(puts: list[tuple[str, int]], most: int) -> None:
    queue = FairQueue(QueueLimits(rows=10_000))
    jobs = [Job([], rows, lane=lane) for lane, rows in puts]
    for job in jobs:
        assert queue.put(job) == []
    assert queue.rows == sum(rows for _, rows in puts)
    taken: list[Job] = []
    while queue.rows:
        batch, _ = queue.take(most)
        assert batch
        assert len(batch) == 1 or sum(job.rows for job in batch) <= most
        taken += batch
    assert len(queue) == 0
    for lane in "abc":
        assert [j for j in taken if j.lane == lane] == [j for j in jobs if j.lane == lane]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=40, max_size=80), st.integers(1, 20))
def test_a_lane_with_little_to_ask_is_served_beside_one_with_much(much: list[int], little: int) -> None:
    queue = FairQueue(QueueLimits(rows=10_000))
    for rows in much:
        queue.put(Job([], rows, lane="much"))
    queue.put(Job([], little, lane="little"))
    before = 0
    while (job := queue.take(1)[0][0]).lane != "little":
        before += job.rows
    assert before <= 32 + 20, "no more than one turn of the other lane goes first"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 10)), max_size=80))
def test_a_full_queue_turns_away_whoever_holds_most(puts: list[tuple[str, int]]) -> None:
    queue = FairQueue(QueueLimits(rows=30))
    inside: list[Job] = []
    for lane, rows in puts:
        job = Job([], rows, lane=lane)
        held = {name: sum(j.rows for j in inside if j.lane == name) for name in "ab"}
        shed = queue.put(job)
        inside = [item for item in [*inside, job] if item not in shed]
        assert queue.rows == sum(item.rows for item in inside) <= 30
        for item in shed:
            if item is not job:
                assert held[item.lane] > held[lane]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60)), min_size=1, max_size=40),
    st.lists(st.integers(1, 20), min_size=1, max_size=20),
)
def test_a_queue_gives_large_jobs_in_parts_that_follow_each_other(
    puts: list[tuple[str, int]], mosts: list[int]
) -> None:
    queue = FairQueue(QueueLimits(rows=10_000))
    jobs = [Job([], rows, lane=lane, weight=1) for lane, rows in puts]
    for job in jobs:
        queue.put(job)
    taken = dict.fromkeys(jobs, 0)
    turn = 0
    while queue.rows:
        most, turn = mosts[turn % len(mosts)], turn + 1
        part = queue.part(most)
        if part is not None:
            assert part.start == taken[part.job]
            assert 0 < part.rows <= most
            assert part.job.rows > min(mosts)
            taken[part.job] = part.stop
            continue
        batch, _ = queue.take(most)
        assert sum(job.rows for job in batch) <= most
        for job in batch:
            assert taken[job] == 0
            taken[job] = job.rows
        assert queue.rows == sum(job.rows - taken[job] for job in jobs)
    assert taken == {job: job.rows for job in jobs}
    assert (len(queue), queue.bytes) == (0, 0)


@settings(max_examples=200, deadline=None)
@given(st.integers(9, 80), st.integers(1, 3), st.data())
def test_answers_in_parts_are_the_answers_of_the_whole(
    rows: int, concurrency: int, data: st.DataObject
) -> None:
    world, heard = World(inline=False, concurrency=concurrency, splits=True), Heard()
    batcher = Batcher(world, heard, world, BatchPolicy(max_rows=MAX_ROWS), clock=lambda: world.now)
    job = world.request(rows, "ana", math.inf, "a", poison=False)
    batcher.put(job)
    while world.soon_calls or world.running:
        world.turn()
        world.step(data.draw(st.integers(0, 3)))
    assert heard.answers == {id(job): job.batch}
    assert max(map(len, world.calls)) <= MAX_ROWS
    assert sorted(value for call in world.calls for value in call) == job.batch


def test_a_small_request_is_answered_between_the_parts_of_a_large_one() -> None:
    world, heard = World(inline=False, concurrency=1, splits=True), Heard()
    batcher = Batcher(world, heard, world, BatchPolicy(max_rows=MAX_ROWS), clock=lambda: world.now)
    large = world.request(20 * MAX_ROWS, "ana", math.inf, "a", poison=False)
    small = world.request(1, "ben", math.inf, "a", poison=False)
    batcher.put(large)
    world.turn()
    batcher.put(small)
    assert heard.rows_waiting == 19 * MAX_ROWS + 1
    while id(small) not in heard.answers:
        world.turn()
        world.step(0)
    assert id(large) not in heard.answers
    assert len(world.calls) <= 6, "at most the part that ran and one turn of 32 rows went first"
    world.drain()
    assert heard.answers[id(large)] == large.batch


def test_a_request_whose_client_leaves_between_its_parts_is_not_run_on() -> None:
    world, heard = World(inline=False, concurrency=1, splits=True), Heard()
    batcher = Batcher(world, heard, world, BatchPolicy(max_rows=MAX_ROWS), clock=lambda: world.now)
    job = world.request(5 * MAX_ROWS, "ana", math.inf, "a", poison=False)
    batcher.put(job)
    while not world.calls:
        world.turn()
        world.step(0)
    job.cancelled = True
    world.drain()
    assert len(world.calls) == 1
    assert "before all rows were answered" in str(heard.errors[id(job)])
    assert batcher.idle
