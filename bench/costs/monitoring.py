"""What callers and processors notice of monitoring: two live servers, one of which is watched.

Both serve the same version on one processor, and the load generator asks alone on another, at a fixed rate,
the one and the other in turn. The watched one counts each request into windows with all that is declared
(bins, moments, pairs, repeated rows, …), keeps joins, and stores all of that each second. The other hands
over nothing, and has no sidecar. A pair of turns gives one ratio of the p50 and one of the p99, and one
difference of the processor time of worker and sidecar; what counts is the median with its 95% interval.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from fixtures.serving import NAMED, Demo
from harness import Bench
from load.intervals import median_interval
from load.open_loop import Outcome, Plan, run
from load.processes import cpu_s
from load.target import Target

from hythe.dataplane.spec import EndpointSpec
from hythe.monitor.records.observing import Observing
from hythe.monitor.windows.window import Window
from hythe.operations.prepare import prepare
from hythe.operations.windows import windows
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.registry import Registry
from hythe.rollout.plan import Arm
from hythe.rollout.plan import Plan as Traffic
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running

RATE = 2000.0
PAIRS, SECONDS = 15, 4.0
FAST_PAIRS, FAST_SECONDS = 2, 1.0
GOALS = {0.5: 1.05, 0.99: 1.25}
CPU_GOAL_US = 5.0
WORKER, SIDECAR = "hythe.server.worker", "hythe.server.sidecar"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn gave: latencies, and the processor's microseconds for each request, by process."""

    outcome: Outcome
    worker_us: float
    sidecar_us: float

    @property
    def cpu_us(self) -> float:
        """Both together."""
        return self.worker_us + self.sidecar_us


def spec(made: Demo, *, watched: bool) -> EndpointSpec:
    """Make the endpoint; without a baseline there is nothing to count values into."""
    registry = Registry.open(made.home)
    prepared = prepare(registry, NAMED, "onnx")
    registry.close()
    version = prepared.version
    if not watched:
        version = msgspec.structs.replace(version, baseline="", observing=Observing())
    plan = Traffic((Arm(version.version, version.digest),))
    return EndpointSpec(NAMED, plan, (version,), prepared.example, revision=1)


@contextmanager
def server(made: Demo, *, watched: bool) -> Iterator[Running]:
    """Run a server of one worker, on the processor that this process has now."""
    endpoint, source = spec(made, watched=watched), None
    if watched:
        url = f"sqlite:///{made.folder / 'watched.db'}"
        catalog = Catalog(Database(url))
        with catalog.edit(actor="bench") as tx:
            tx.put_plan(NAMED, msgspec.to_builtins(endpoint.plan))
        catalog.close()
        source = Source(str(made.folder), url)
    with running([endpoint], ServeConfig(port=0, source=source), log=made.folder / "server.log") as found:
        yield found


def send(at: Running, made: Demo, seconds: float, core: int) -> Turn:
    """Load a server at the rate."""
    target = Target(f"{at.url}/predict/{NAMED}")
    requests = [target.request(msgspec.json.encode({"rows": [row]})).decode() for row in made.rows]
    host, port = target.address
    load = Plan(host=host, port=port, requests=requests, rate=RATE, seconds=seconds, core=core)
    before = [cpu_s(at.pids(module)) for module in (WORKER, SIDECAR)]
    outcome = run(load, made.folder)
    spent = [cpu_s(at.pids(module)) for module in (WORKER, SIDECAR)]
    worker, sidecar = ((b - a) / len(outcome.status) * 1e6 for a, b in zip(before, spent, strict=True))
    return Turn(outcome, worker, sidecar)


def take_turns(
    both: tuple[Running, Running], made: Demo, core: int, *, fast: bool
) -> list[tuple[Turn, Turn]]:
    """Give pairs of a turn with and one without, the order changing from pair to pair."""
    pairs, seconds = (FAST_PAIRS, FAST_SECONDS) if fast else (PAIRS, SECONDS)
    for at in both:  # the first turns warm up
        send(at, made, seconds / 2, core)
    found = []
    for pair in range(pairs):
        if pair % 2:
            watched, bare = send(both[0], made, seconds, core), send(both[1], made, seconds, core)
        else:
            bare, watched = send(both[1], made, seconds, core), send(both[0], made, seconds, core)
        found.append((watched, bare))
    return found


def live(bench: Bench, made: Demo) -> list[Window]:
    """Measure, and compare with the goals; give the windows that were stored meanwhile."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        os.sched_setaffinity(0, {cores[0]})  # the servers inherit it
        both = tuple(stack.enter_context(server(made, watched=watched)) for watched in (True, False))
        os.sched_setaffinity(0, set(cores))
        pairs = take_turns((both[0], both[1]), made, cores[-1], fast=bench.fast)
    for name, turns in zip(("monitored", "not monitored"), zip(*pairs, strict=True), strict=True):
        record(bench, name, turns)
    check(bench, pairs)
    return stored(made.folder)


def record(bench: Bench, name: str, turns: tuple[Turn, ...]) -> None:
    """Make one row of the table: medians over the turns."""
    quantiles = {
        f"p{share * 100:g}, µs": statistics.median([turn.outcome.quantile_ms(share) * 1e3 for turn in turns])
        for share in GOALS
    }
    bench.row(
        {
            "part": name,
            **quantiles,
            "worker CPU, µs": statistics.median([turn.worker_us for turn in turns]),
            "sidecar CPU, µs": statistics.median([turn.sidecar_us for turn in turns]),
            "not answered": sum(len(turn.outcome.status) - turn.outcome.answered for turn in turns),
        }
    )


def check(bench: Bench, pairs: list[tuple[Turn, Turn]]) -> None:
    """Compare turn by turn."""
    for share, goal in GOALS.items():
        ratios = [one.outcome.quantile_ms(share) / other.outcome.quantile_ms(share) for one, other in pairs]
        median, (low, high) = statistics.median(ratios), median_interval(ratios)
        what = f"p{share * 100:g} monitored, at {RATE:.0f} requests/s (95% {low:.2f} to {high:.2f})"
        bench.check(what, round(median, 3), "times", f"≤ {goal:g}", median <= goal)
    more = [one.cpu_us - other.cpu_us for one, other in pairs]
    median, (low, high) = statistics.median(more), median_interval(more)
    what = (
        f"processor time of a monitored request, 30 features, beyond another's (95% {low:.1f} to {high:.1f})"
    )
    bench.check(what, round(median, 2), "µs", f"≤ {CPU_GOAL_US:g}", median <= CPU_GOAL_US)


def stored(folder: Path) -> list[Window]:
    """Read the windows of the watched server."""
    catalog = Catalog(Database(f"sqlite:///{folder / 'watched.db'}"))
    found = windows(catalog.observations, NAMED)
    catalog.close()
    return found
