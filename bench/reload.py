"""Version switches and worker swaps under a fixed rate, beside a quiet run of the same server.

First nothing changes; then the plan moves from one version to another a hundred times, each time once the
last move has reached the answers; then the workers are replaced twenty times, one after the other. The
generator never stops: a request that is refused, cut off or not answered counts as lost.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import joblib
import msgspec
import pandas as pd
from fixtures.serving import NAMED, Demo, demo
from harness import Bench
from load.open_loop import Outcome, Plan
from load.open_loop import Running as Sending
from load.processes import adopt, command, proportional_mb
from peers.hythe import WORKER, hythe, make_key
from peers.turn import Running, running

import hythe as product
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan as Traffic

RATE = 1000.0
SWITCHES, FAST_SWITCHES = 100, 3
SWAPS, FAST_SWAPS = 20, 1
QUIET_S, FAST_QUIET_S = 20.0, 3.0
LONGEST_S = 400.0
PATIENCE_S = 20.0


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


def switch(at: Running, made: Demo, plans: list[Traffic], times: int) -> list[float]:
    """Move the plan so often; gives how long each move took to reach the answers, in milliseconds."""
    taken = []
    probe = at.peer.body(made.rows[0])
    with closing(Registry.open(made.home)) as registry:
        standing = answering(at, probe)
        order = sorted(plans, key=lambda plan: plan.arms[0].version == standing)
        for plan in islice(cycle(order), times):
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


def swap(at: Running, made: Demo, times: int) -> None:
    """Replace the workers so often, each time once the last replacement is whole."""
    probe = at.peer.body(made.rows[0])
    for _ in range(times):
        before = workers(at)
        os.kill(at.server.pid, signal.SIGHUP)

        def replaced(old: set[int] = before) -> bool:
            now = workers(at)
            return bool(now) and not now & old

        until("the replacement of the workers", replaced)
        with suppress(OSError):
            at.target.ask(probe)


def phase(outcome: Outcome, start_s: float, end_s: float) -> Outcome:
    """Cut out the requests that were due in a span of the run."""
    inside = (outcome.due_s >= start_s) & (outcome.due_s < end_s)
    return Outcome(outcome.due_s[inside], outcome.latency_s[inside], outcome.status[inside])


def measure(bench: Bench, at: Running, made: Demo, plans: list[Traffic]) -> None:
    """Run the three phases under one generator, and check them."""
    pids = at.server.processes
    generator = sending(at, made)
    time.sleep(2.0)
    marks = [time.perf_counter()]
    before = proportional_mb(pids())
    time.sleep(FAST_QUIET_S if bench.fast else QUIET_S)
    marks.append(time.perf_counter())
    taken = switch(at, made, plans, FAST_SWITCHES if bench.fast else SWITCHES)
    marks.append(time.perf_counter())
    swap(at, made, FAST_SWAPS if bench.fast else SWAPS)
    marks.append(time.perf_counter())
    time.sleep(1.0)
    generator.stop()
    outcome, after = generator.outcome(), proportional_mb(pids())
    names = ("quiet", "version switches", "worker swaps")
    spans = {
        name: phase(outcome, start, end)
        for name, start, end in zip(names, marks[:-1], marks[1:], strict=True)
    }
    report(bench, spans, taken)
    failed = int((outcome.status != 200).sum())
    bench.check("requests lost or refused", failed, "requests", 0, failed == 0)
    growth = (after / before - 1) * 100
    bench.check("memory at the end beside the start", round(growth, 1), "%", "within 10", abs(growth) <= 10)


def report(bench: Bench, spans: dict[str, Outcome], taken: list[float]) -> None:
    """Make the table, and check each phase's p99 beside the quiet one's."""
    quiet = spans["quiet"].quantile_ms(0.99)
    for name, outcome in spans.items():
        p99 = outcome.quantile_ms(0.99)
        failed = int((outcome.status != 200).sum())
        bench.row(
            {
                "phase": name, "requests": len(outcome.status), "failed": failed,
                "p50_ms": outcome.quantile_ms(0.5), "p99_ms": p99, "p999_ms": outcome.quantile_ms(0.999),
            }
        )  # fmt: skip
        if name != "quiet":
            bench.check(f"p99 during {name}", round(p99 / quiet, 2), "of quiet", "≤ 1.5", p99 <= 1.5 * quiet)
    bench.row(
        {
            "phase": "a switch reaches the answers",
            "p50_ms": sorted(taken)[len(taken) // 2],
            "p99_ms": max(taken),
        }
    )


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
