"""What callers notice of a shadow that gets copies of a tenth of their requests.

One server on one processor, the load generator alone on another, at a fixed rate. The endpoint's plan takes
turns: without a shadow, and with one that answers otherwise on some rows. Each pair of turns gives one ratio
of the p50 and one of the p99; what counts is the median ratio with its 95% interval.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import joblib
import msgspec
import pandas as pd
from fixtures.serving import NAMED, Demo
from harness import Bench
from load.intervals import median_interval
from load.metrics import scrape, total
from load.open_loop import Outcome, run
from load.open_loop import Plan as Load
from load.processes import adopt, cpu_s
from peers.hythe import hythe, make_key
from peers.turn import Running, running

import hythe as product
from hythe.registry.registry import Registry
from hythe.rollout.plan import Arm, Plan, Shadow

RATE, SHARE = 1000.0, 0.1
PAIRS, SECONDS = 15, 4.0
FAST_PAIRS, FAST_SECONDS = 2, 1.0
GOALS = {0.5: 1.05, 0.99: 1.25}
PATIENCE_S = 20.0
_SETTLE_S = 0.3
"""Workers look for a new plan each tenth of a second."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn gave: latencies, the server's CPU microseconds for each request, copies answered."""

    outcome: Outcome
    cpu_us: float
    copies: float


def plans(made: Demo) -> tuple[Plan, Plan]:
    """Pack a version with other weights; give the plan of one arm, and the same with that as its shadow."""
    model = joblib.load(made.folder / "named.joblib")
    model[-1].intercept_ = model[-1].intercept_ + 0.05
    product.pack(model, NAMED, examples=pd.DataFrame(made.rows), home=made.home)
    with closing(Registry.open(made.home)) as registry:
        old, new = sorted(registry.catalog.versions(NAMED), key=lambda record: record.version)
    arms = (Arm(old.version, old.digest),)
    return Plan(arms), Plan(arms, shadows=(Shadow(new.version, new.digest, SHARE),))


def follow(at: Running, home: Path, plan: Plan) -> None:
    """Put a plan, and wait until the server goes by it."""
    before = total(scrape(at.target), "hythe_postings")
    with closing(Registry.open(home)) as registry, registry.catalog.edit(actor="bench", why="shadow") as tx:
        tx.put_plan(NAMED, msgspec.to_builtins(plan))
    end = time.monotonic() + PATIENCE_S
    while total(scrape(at.target), "hythe_postings") == before:
        if time.monotonic() > end:
            raise SystemExit(f"the server does not follow its plan within {PATIENCE_S:.0f} s")
        time.sleep(0.05)
    time.sleep(_SETTLE_S)


def send(at: Running, made: Demo, seconds: float, core: int) -> Turn:
    """Load the server at the rate."""
    requests = [at.target.request(at.peer.body(row)).decode() for row in made.rows]
    host, port = at.target.address
    load = Load(host=host, port=port, requests=requests, rate=RATE, seconds=seconds, core=core)
    copies, cpu = _copies(at), cpu_s(at.server.processes())
    outcome = run(load, made.folder)
    spent_us = (cpu_s(at.server.processes()) - cpu) / len(outcome.status) * 1e6
    return Turn(outcome, spent_us, _copies(at) - copies)


def _copies(at: Running) -> float:
    return total(scrape(at.target), "hythe_shadow_total", 'outcome="answered"')


def take_turns(at: Running, made: Demo, core: int, *, fast: bool) -> tuple[list[Turn], list[Turn]]:
    """Give the turns without the shadow and those with it, the order changing from pair to pair."""
    pairs, seconds = (FAST_PAIRS, FAST_SECONDS) if fast else (PAIRS, SECONDS)
    both = plans(made)
    taken: tuple[list[Turn], list[Turn]] = ([], [])
    for plan in both:  # the first turns warm up
        follow(at, made.home, plan)
        send(at, made, seconds / 2, core)
    for pair in range(pairs):
        for place in (0, 1) if pair % 2 else (1, 0):
            follow(at, made.home, both[place])
            taken[place].append(send(at, made, seconds, core))
    return taken


def record(bench: Bench, name: str, turns: list[Turn]) -> None:
    """Make one row of the table: medians over the turns."""
    quantiles = {
        f"p{share * 100:g}, µs": statistics.median([turn.outcome.quantile_ms(share) * 1e3 for turn in turns])
        for share in GOALS
    }
    requests = sum(len(turn.outcome.status) for turn in turns)
    bench.row(
        {
            "part": name,
            **quantiles,
            "CPU, µs": statistics.median([turn.cpu_us for turn in turns]),
            "copied": f"{sum(turn.copies for turn in turns) / requests:.1%}",
            "not answered": requests - sum(turn.outcome.answered for turn in turns),
        }
    )


def shadow(bench: Bench, made: Demo) -> None:
    """Measure, and compare with the goals."""
    adopt()
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        key = make_key(made.home)
        os.sched_setaffinity(0, {cores[0]})  # the server inherits it
        at = stack.enter_context(running(hythe(), made, key))
        os.sched_setaffinity(0, set(cores))
        without, with_it = take_turns(at, made, cores[-1], fast=bench.fast)
    record(bench, "without a shadow", without)
    record(bench, f"{SHARE:.0%} copied to a shadow", with_it)
    for share, goal in GOALS.items():
        ratios = [
            one.outcome.quantile_ms(share) / other.outcome.quantile_ms(share)
            for one, other in zip(with_it, without, strict=True)
        ]
        median, (low, high) = statistics.median(ratios), median_interval(ratios)
        what = (
            f"p{share * 100:g} with {SHARE:.0%} copied to a shadow, at {RATE:.0f} requests/s "
            f"(95% {low:.2f} to {high:.2f})"
        )
        bench.check(what, round(median, 3), "times", f"≤ {goal:g}", median <= goal)
    more = statistics.median([one.cpu_us - other.cpu_us for one, other in zip(with_it, without, strict=True)])
    bench.check("processor time of a request with a shadow, beyond one without", more, "µs", "printed", True)
