"""However a stream is split over workers, batches and time, its windows add up to the same, to the bit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, rows

from hythe.base.clock import DAY_S, HOUR_S, MINUTE_S
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.score import Score
from hythe.monitor.windows.statistic import declared
from hythe.monitor.windows.timing import Timing
from hythe.monitor.windows.window import Window, coarsen, merge, merge_all
from hythe.operations.roll_up import RollUp
from hythe.operations.windows import stored, windows
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, Observations
from hythe.runtime.ring import Ring, create

PERIODS = (1, MINUTE_S, HOUR_S, DAY_S)
START = 1_800_000_000 // DAY_S * DAY_S
SECONDS = (0, 1, 59, 60, 3599, 3600, DAY_S - 1, DAY_S, DAY_S + 7)
ARMS = ((1.0, 1), (0.25, 2), (0.0, 2))
POOL = [row for seed in range(3) for row in rows(40, seed)]
ANSWERS = answers(len(POOL), 1)
FIXED_ORDER = settings(max_examples=40, deadline=None)
OF_NEIGHBOURS = {"repeats"}
"""Statistics of which rows came shortly before others: they add up, but are not those of the rows alone."""


class Request(NamedTuple):
    """One request: when, of which version and arm, its rows by their place in the pool, how it ended."""

    second: int
    version: str
    arm: tuple[float, int]
    picks: tuple[tuple[int, float | None], ...]
    outcome: str
    duration_s: float


REQUESTS = st.lists(
    st.builds(
        Request,
        second=st.sampled_from(SECONDS),
        version=st.sampled_from(["1.0.0", "1.1.0"]),
        arm=st.sampled_from(ARMS),
        picks=st.lists(
            st.tuples(
                st.integers(0, len(POOL) - 1), st.none() | st.floats(allow_nan=False, allow_infinity=False)
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        outcome=st.sampled_from(["answered", "answered", "answered", "refused", "failed"]),
        duration_s=st.floats(0, 2000),
    ),
    max_size=25,
)
Batch = list[Request]


@cache
def pipe() -> Pipe:
    return Pipe(FEED)


@cache
def score() -> Score | None:
    return Score.of(SCHEMA.outputs, pipe().baseline)


def counted(records: Sequence[BatchRecord]) -> list[Window]:
    statistics = [item for item in declared() if item.name not in OF_NEIGHBOURS]
    return fold(records, lambda *_: pipe().counter, statistics, lambda _endpoint: score())


def put(recorder: Recorder, batch: Batch) -> None:
    """Record a batch as a worker does, by one run of the model; a failed request never reached it."""
    ran = [request for request in batch if request.outcome != "failed"]
    for request in batch:
        if request.outcome == "failed":
            recorder.alone(call(request), at_ns=at_ns(request))
    picks = [pick for request in ran for pick in request.picks]
    if not picks:
        return
    made = pipe()
    data = [{**POOL[place], "charges": charges} for place, charges in picks]
    objects = made.reader.convert_all(data)
    assert made.feeder is not None
    feeds = {**made.feeder.from_objects(objects), **made.observed(objects)}
    found = {name: values[[place for place, _ in picks]] for name, values in ANSWERS.items()}
    refused = np.repeat([one.outcome == "refused" for one in ran], [len(one.picks) for one in ran])
    calls = [call(request) for request in ran]
    marked = refused if refused.any() else None
    assert recorder.batch(calls, feeds, found, marked, inference_s=0.001, at_ns=at_ns(batch[0]))


def call(request: Request) -> Call:
    reason = {"answered": "", "refused": "invalid", "failed": "unavailable"}[request.outcome]
    share, revision = request.arm
    queue_s = request.duration_s / 2
    return Call(
        "017f22e2-79b0-7000-8000-000000000000", len(request.picks), request.outcome,
        reason, request.duration_s, queue_s, share, revision=revision,
    )  # fmt: skip


def at_ns(request: Request) -> int:
    return (START + request.second) * 10**9


@contextmanager
def recorded(parts: Sequence[Sequence[Batch]]) -> Iterator[list[list[BatchRecord]]]:
    """Have a worker for each part record its batches; give what a sidecar reads of each worker."""
    descriptors = [create(2**20) for _ in parts]
    try:
        found = []
        for descriptor, batches in zip(descriptors, parts, strict=True):
            ring, read = Ring(descriptor), RecordReader()
            recorders = {name: Recorder(ring, "churn", name) for name in ("1.0.0", "1.1.0")}
            for batch in batches:
                put(recorders[batch[0].version], batch)
            found.append([read(data) for _, data in Ring(descriptor).take()])
        yield found
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def batched(requests: Sequence[Request], data: st.DataObject | None = None) -> list[Batch]:
    """Put requests of one version and second into batches: any that `data` draws, or all into one."""
    found: list[Batch] = []
    order = requests if data is None else data.draw(st.permutations(requests))
    for _, alike in groupby(sorted(order, key=_when), key=_when):
        batch = list(alike)
        cut = len(batch) if data is None else data.draw(st.integers(1, len(batch)))
        found += [batch[start : start + cut] for start in range(0, len(batch), cut)]
    return found


def _when(request: Request) -> tuple[int, str]:
    return request.second, request.version


def cut(records: Sequence[Any], data: st.DataObject) -> list[list[Any]]:
    """Cut a list into parts, as a sidecar's turns do."""
    places = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=3)))
    return [
        list(records[start:end]) for start, end in zip([0, *places], [*places, len(records)], strict=True)
    ]


def encoded(found: Sequence[Window]) -> list[bytes]:
    return [window.encode() for window in found]


def without_runs(window: Window) -> Window:
    """Leave out what tells how rows were batched, which is no property of the rows."""
    return replace(window, runs=0, run_rows=0, inference_s=Timing())


@FIXED_ORDER
@given(REQUESTS, st.data())
def test_any_split_over_workers_and_turns_merged_in_any_order_gives_the_same(
    requests: list[Request], data: st.DataObject
) -> None:
    batches = batched(requests, data)
    workers = data.draw(st.lists(st.integers(0, 3), min_size=len(batches), max_size=len(batches)))
    parts = [[batch for batch, worker in zip(batches, workers, strict=True) if worker == n] for n in range(4)]
    with recorded([batches]) as [together], recorded(parts) as apart:
        expected = counted(together)
        found = [
            window for records in apart for part in cut(records, data) if part for window in counted(part)
        ]
    shuffled = data.draw(st.permutations(found))
    for period_s in PERIODS:
        assert encoded(coarsen(shuffled, period_s)) == encoded(coarsen(expected, period_s))


@FIXED_ORDER
@given(REQUESTS, st.data())
def test_how_rows_were_batched_changes_nothing_but_the_runs(
    requests: list[Request], data: st.DataObject
) -> None:
    with recorded([batched(requests)]) as [together], recorded([batched(requests, data)]) as [apart]:
        expected, found = counted(together), counted(apart)
    assert encoded(list(map(without_runs, coarsen(found, 1)))) == encoded(
        list(map(without_runs, coarsen(expected, 1)))
    )


@FIXED_ORDER
@given(REQUESTS, st.data())
def test_merging_level_by_level_is_merging_at_once(requests: list[Request], data: st.DataObject) -> None:
    with recorded([batched(requests, data)]) as [records]:
        seconds = counted(records)
    levels: list[Window] = seconds
    for period_s in PERIODS:
        levels = coarsen(data.draw(st.permutations(levels)), period_s)
        assert encoded(levels) == encoded(coarsen(seconds, period_s))


@FIXED_ORDER
@given(REQUESTS, st.data())
def test_many_merged_at_once_are_as_merged_one_by_one(requests: list[Request], data: st.DataObject) -> None:
    with recorded([batched(requests, data)]) as [records]:
        found = [window for window in counted(records) if window.version == "1.0.0"]
    if found:
        total = found[0]
        for window in data.draw(st.permutations(found[1:])):
            total = merge(window, total)
        assert merge_all(found).encode() == total.encode()


@FIXED_ORDER
@given(REQUESTS, st.data())
def test_the_catalog_rolls_up_to_the_same_whenever_windows_came_and_were_merged(
    requests: list[Request], data: st.DataObject
) -> None:
    with recorded([batched(requests, data)]) as [records]:
        expected = counted(records)
        found = [window for part in cut(records, data) if part for window in counted(part)]
    database = Database("sqlite://")
    observations = Observations(database)
    roll_up = RollUp(observations)
    came: list[Window] = []
    for number, part in enumerate(cut(data.draw(st.permutations(found)), data), start=1):
        delivery = Delivery("server", number, START, {}, tuple(stored(window) for window in part))
        assert observations.store(delivery)
        age = data.draw(st.sampled_from([0, 20 * MINUTE_S, 2 * HOUR_S, 3 * DAY_S, 37 * DAY_S]))
        roll_up.turn(START + 2 * DAY_S + age)
        came += part
        assert encoded(windows(observations, "churn", period_s=DAY_S)) == encoded(coarsen(came, DAY_S))
    roll_up.turn(START + 40 * DAY_S)
    assert encoded(windows(observations, "churn")) == encoded(coarsen(expected, DAY_S))
    database.close()
