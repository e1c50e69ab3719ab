"""Version switches and worker swaps under a fixed rate, beside a quiet run of the same server.

In each of twenty rounds nothing changes for a while; then the plan moves from one version to another five
times, each time once the last move has reached the answers, and half a second after it; then every worker is
replaced. The generator never stops: a request that is refused, cut off or not answered counts as lost. A
round gives one ratio of each phase's p99 to its quiet one's, and what counts is the median ratio.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import cycle, islice, pairwise
from pathlib import Path

import joblib
import msgspec
import pandas as pd
from fixtures.serving import NAMED, Demo, demo
from harness import Bench
from load.intervals import median_interval
from load.open_loop import Outcome, Plan
from load.open_loop import Running as Sending
from load.processes import adopt, command, proportional_mb
from peers.hythe import WORKER, hythe, make_key
from peers.turn import Running, running

import hythe as product
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan as Traffic

RATE = 1000.0
ROUNDS, FAST_ROUNDS = 20, 1
SWITCHES = 5
PAUSE_S = 0.5
QUIET_S = 3.0
LONGEST_S = 400.0
GOAL = 1.5
OK = 200
PHASES = ("quiet", "version switches", "worker swaps")
PATIENCE_S = 120.0


class Stuck(RuntimeError):
    """A change did not come through; the message says which."""


def second_version(made: Demo) -> list[Traffic]:
    """Pack a second version with slightly other weights; gives a plan for each of the two."""
    model = joblib.load(made.folder / "named.joblib")
    model[-1].intercept_ = model[-1].intercept_ + 1e-9
    product.pack(model, NAMED, examples=pd.DataFrame(made.rows), home=made.home)
    with closing(Registry.open(made.home)) as registry:
        records = registry.catalog.versions(NAMED)
    return [Traffic.of(record.version, record.digest) for record in records]


def until(what: str, holds: Callable[[], bool]) -> None:
    """Wait for something, for a while; raises Stuck when it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise Stuck(f"{what} did not happen within {PATIENCE_S:.0f} s")
        time.sleep(0.02)


def sending(at: Running, made: Demo) -> Sending:
    """Start the generator."""
    host, port = at.target.address
    requests = [at.target.request(at.peer.body(row)).decode() for row in made.rows]
    plan = Plan(host=host, port=port, requests=requests, rate=RATE, seconds=LONGEST_S, connections=64)
    return Sending(plan, made.folder)


def switch(at: Running, made: Demo, plans: Iterator[Traffic]) -> list[float]:
    """Move the plan a few times; gives how long each move took to reach the answers, in milliseconds."""
    taken = []
    probe = at.peer.body(made.rows[0])
    with closing(Registry.open(made.home)) as registry:
        for plan in islice(plans, SWITCHES):
            time.sleep(PAUSE_S)
            with registry.catalog.edit(actor="bench", why="reload") as change:
                change.put_plan(NAMED, msgspec.to_builtins(plan))
            begun, version = time.perf_counter(), plan.arms[0].version
            until(f"the switch to {version}", partial(answers_with, at, probe, version))
            taken.append((time.perf_counter() - begun) * 1e3)
    return taken


def answering(at: Running, probe: bytes) -> str:
    """Ask which version answers."""
    status, body = at.target.ask(probe)
    return str(json.loads(body)["version"]) if status == 200 else f"status {status}"


def answers_with(at: Running, probe: bytes, version: str) -> bool:
    """Say whether a version answers now."""
    return answering(at, probe) == version


def workers(at: Running) -> set[int]:
    """Find the processes that serve HTTP."""
    return {pid for pid in at.server.processes() if WORKER in command(pid)}


def swap(at: Running, made: Demo) -> None:
    """Replace the workers."""
    before = workers(at)
    os.kill(at.server.pid, signal.SIGHUP)

    def replaced() -> bool:
        now = workers(at)
        return bool(now) and not now & before

    until("the replacement of the workers", replaced)
    with suppress(OSError):
        at.target.ask(at.peer.body(made.rows[0]))
    time.sleep(PAUSE_S)


def phase(outcome: Outcome, start_s: float, end_s: float) -> Outcome:
    """Cut out the requests that were due in a span of the run."""
    inside = (outcome.due_s >= start_s) & (outcome.due_s < end_s)
    return Outcome(outcome.due_s[inside], outcome.latency_s[inside], outcome.status[inside])


def measure(bench: Bench, at: Running, made: Demo, plans: list[Traffic]) -> None:
    """Run the rounds under one generator, and check their phases."""
    pids = at.server.processes
    standing = answering(at, at.peer.body(made.rows[0]))
    order = cycle(sorted(plans, key=lambda plan: plan.arms[0].version == standing))
    generator = sending(at, made)
    try:
        time.sleep(2.0)
        before, taken, marks = proportional_mb(pids()), [], [time.perf_counter()]
        for _ in range(FAST_ROUNDS if bench.fast else ROUNDS):
            time.sleep(QUIET_S)
            marks.append(time.perf_counter())
            taken += switch(at, made, order)
            marks.append(time.perf_counter())
            swap(at, made)
            marks.append(time.perf_counter())
    finally:
        generator.stop()
    outcome, after = generator.outcome(), proportional_mb(pids())
    found = [phase(outcome, start, end) for start, end in pairwise(marks)]
    report(bench, {name: found[place :: len(PHASES)] for place, name in enumerate(PHASES)}, taken)
    refused = len(outcome.status) - outcome.answered - outcome.lost
    bench.check("requests lost", outcome.lost, "requests", 0, outcome.lost == 0)
    bench.check("requests turned away or failed", refused, "requests", 0, refused == 0)
    growth = (after / before - 1) * 100
    bench.check("memory at the end beside the start", round(growth, 1), "%", "within 10", abs(growth) <= 10)


def report(bench: Bench, phases: dict[str, list[Outcome]], taken: list[float]) -> None:
    """Make the table, and check each phase's p99 beside that of the same round's quiet one."""
    for name, rounds in phases.items():
        tails = sorted(outcome.quantile_ms(0.99) for outcome in rounds)
        bench.row(
            {
                "phase": name,
                "requests": sum(len(outcome.status) for outcome in rounds),
                "failed": sum(int((outcome.status != OK).sum()) for outcome in rounds),
                "p50_ms": statistics.median(outcome.quantile_ms(0.5) for outcome in rounds),
                "p99_ms": statistics.median(tails),
                "p99_ms_spread": f"{tails[0]:.1f}-{tails[-1]:.1f}",
            }
        )
    bench.row(
        {"phase": "a switch reaches the answers", "p50_ms": statistics.median(taken), "p99_ms": max(taken)}
    )
    for name in PHASES[1:]:
        ratios = [
            changing.quantile_ms(0.99) / quiet.quantile_ms(0.99)
            for changing, quiet in zip(phases[name], phases["quiet"], strict=True)
        ]
        middle, (low, high) = statistics.median(ratios), median_interval(ratios)
        words = f"p99 during {name} (95% {low:.2f} to {high:.2f})"
        bench.check(words, round(middle, 2), "of quiet", f"≤ {GOAL}", middle <= GOAL)


def main(arguments: list[str]) -> None:
    """Pack two versions, serve one, and change what serves."""
    with Bench("reload", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        adopt()
        made = demo(Path(folder))
        plans = second_version(made)
        with running(hythe(), made, make_key(made.home)) as at:
            measure(bench, at, made, plans)


if __name__ == "__main__":
    main(sys.argv[1:])
