"""What a record costs: a serving process for each batch, and the sidecar for each request.

A pipeline of 26 numbers and 4 categories, one row a request, in batches of 1, 16 and 64. The sidecar reads,
counts into the baseline's bins, samples joins and formats the access log. Processor time: the median of
rounds, the first of which warms the memory and does not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from harness import Bench

from hythe.bundle.baseline import compute
from hythe.bundle.feed import Coded, Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.record import Recorder
from hythe.monitor.outcomes.join import joins
from hythe.monitor.records.access_log import lines
from hythe.monitor.records.call import Call
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.statistic import declared
from hythe.runtime.ring import Ring, create

KINDS = ("a", "b", "c")
NUMBERS = tuple(Column(f"x{i}", "float64", nullable=True) for i in range(26))
CODED = tuple(Column(f"c{i}", "category", categories=KINDS, nullable=True) for i in range(4))
OUTPUTS = (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes")))
CLASSES = np.array(["no", "yes"], dtype=object)
SCHEMA = Schema((*NUMBERS, *CODED), OUTPUTS)
FEED = Feed(tuple(c.name for c in NUMBERS), codes=tuple(Coded(c.name, KINDS) for c in CODED))
RECORD_GOAL_US = (3.0, 0.3)
SIDECAR_GOAL_US = 0.15 / 20_000 * 1e6
"""15% of one core at 20,000 requests a second."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a run of the model leaves behind."""

    calls: list[Call]
    feeds: dict[str, Any]
    answers: dict[str, Any]


def counter() -> BinCounter:
    """Make the bins of 5,000 rows of reference data."""
    rng = np.random.default_rng(0)
    numbers = {column.name: rng.normal(size=5000) for column in NUMBERS}
    table = pa.table({**numbers, **{column.name: rng.choice(KINDS, 5000) for column in CODED}})
    answers = {"label": rng.choice(CLASSES, 5000), "probabilities": rng.random((5000, 2))}
    return BinCounter(SCHEMA, compute(table, SCHEMA, Outcome.answered(answers)), FEED, Observing())


def batches(requests: int, size: int) -> list[Batch]:
    """Draw what went by."""
    rng = np.random.default_rng(1)

    def call(number: int) -> Call:
        identity = f"017f22e2-79b0-7000-8000-{number:012x}"
        return Call(
            identity, 1, "answered", "", 0.001, 0.0003, 1.0, "", "ana", "json", 200, 700, 120, "ab" * 16
        )

    return [
        Batch(
            [call(start + i) for i in range(size)],
            {"numbers": rng.normal(size=(size, 26)), "codes": rng.integers(0, 5, (size, 4))},
            {"label": rng.choice(CLASSES, size), "probabilities": rng.random((size, 2))},
        )
        for start in range(0, requests, size)
    ]


def cpu_s(work: Callable[[], object]) -> float:
    """Give the processor seconds that `work` takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def record_s(drawn: list[Batch], recorder: Recorder) -> float:
    """Time the putting of batches into the ring."""

    def work() -> None:
        for batch in drawn:
            if not recorder.batch(batch.calls, batch.feeds, batch.answers, inference_s=1e-4, at_ns=10**18):
                raise SystemExit("the ring is full")
        recorder.flush()

    return cpu_s(work)


def sidecar_s(read: list[BatchRecord], bins: BinCounter) -> dict[str, float]:
    """Time what is done with records, by part."""
    return {
        "count": cpu_s(lambda: fold(read, lambda *_: bins, declared())),
        "joins": cpu_s(lambda: list(joins(read, 0.1))),
        "log": cpu_s(lambda: lines(read)),
    }


def measured(size: int, requests: int, rounds: int, bins: BinCounter) -> tuple[float, dict[str, float]]:
    """Give the median µs for each batch in the worker, and for each request in the sidecar by part."""
    # A serving process has just made what it records, so a few batches, which stay in its cache, take turns.
    drawn = batches(8 * size, size) * (requests // (8 * size))
    descriptor = create(32 * 2**20)
    ring, read = Ring(descriptor), RecordReader()
    # As in a serving process, small batches share records; here they are always full before a moment passes.
    recorder = Recorder(Ring(descriptor), "churn", "1.0.0", later=lambda _seconds, _call: None)
    puts, parts = [], []
    for _ in range(rounds + 1):
        puts.append(record_s(drawn, recorder))
        found: list[BatchRecord] = []
        reading = cpu_s(lambda to=found: to.extend(read(data) for _, data in ring.take()))  # type: ignore[misc]
        parts.append({"read": reading, **sidecar_s(found, bins)})
        ring.release(ring.head)
    del puts[0], parts[0]
    medians = {name: statistics.median(part[name] for part in parts) / requests * 1e6 for name in parts[0]}
    return statistics.median(puts) / len(drawn) * 1e6, medians


def records(bench: Bench) -> None:
    """Measure, and compare with the goals."""
    requests, rounds = (2048, 5) if bench.fast else (8192, 15)
    bins = counter()
    for size in (1, 16, 64):
        put_us, parts = measured(size, requests, rounds, bins)
        total = sum(parts.values())
        bench.row(
            {
                "part": f"batches of {size}",
                "record, µs a batch": put_us,
                "sidecar, µs a request": total,
                **parts,
            }
        )
        if size > 1:
            goal = RECORD_GOAL_US[0] + RECORD_GOAL_US[1] * size
            bench.check(f"recording a batch of {size}", put_us, "µs", goal, put_us <= goal)
            what = f"the sidecar's work for a request in batches of {size}"
            bench.check(what, total, "µs", SIDECAR_GOAL_US, total <= SIDECAR_GOAL_US)
