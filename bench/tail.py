"""The tail at a fixed rate: Hythe and Granian's echo, 1,000 requests a second each, taking turns.

Both servers stay up on one processor, the load generator is alone on another. Small differences drown in a
single long run, so each pair gives one ratio of p99, and what counts is the median ratio with its 95%
interval (of order statistics, which assumes nothing of the ratios' distribution).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from fixtures.serving import Demo, demo
from harness import Bench
from load.intervals import median_interval
from load.open_loop import Outcome, Plan, run
from load.processes import adopt, cpu_s
from peers.all import GRANIAN
from peers.environment import install, installed
from peers.hythe import hythe, make_key
from peers.turn import Running, running

RATE = 1000.0
PAIRS, SECONDS = 15, 4.0
FAST_PAIRS, FAST_SECONDS = 3, 1.5
GOAL = 3.0
WARM_S = 2.0

Turns = list[tuple[Outcome, float]]


def send(at: Running, made: Demo, seconds: float, core: int) -> tuple[Outcome, float]:
    """Load a server at the rate; gives also its CPU microseconds for each request."""
    requests = [at.target.request(at.peer.body(row)).decode() for row in made.rows]
    host, port = at.target.address
    plan = Plan(host=host, port=port, requests=requests, rate=RATE, seconds=seconds, core=core)
    before = cpu_s(at.server.processes())
    outcome = run(plan, made.folder)
    return outcome, (cpu_s(at.server.processes()) - before) / len(outcome.status) * 1e6


def record(bench: Bench, name: str, taken: Turns) -> None:
    """Make one row of the table: medians over the turns."""
    outcomes = [outcome for outcome, _cpu in taken]
    row: dict[str, object] = {"server": name, "turns": len(taken)}
    for title, share in (("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999)):
        values = [outcome.quantile_ms(share) * 1e3 for outcome in outcomes]
        row |= {
            title: round(statistics.median(values)),
            f"{title}_spread": f"{min(values):.0f}-{max(values):.0f}",
        }
    failed = sum(len(outcome.status) - outcome.answered for outcome in outcomes)
    bench.row(
        row | {"cpu_us": round(statistics.median(cpu for _outcome, cpu in taken)), "not_answered": failed}
    )


def take_turns(bench: Bench, servers: list[Running], made: Demo, core: int) -> dict[str, Turns]:
    """Give every server its turns, the order changing from one to the next."""
    turns, seconds = (FAST_PAIRS, FAST_SECONDS) if bench.fast else (PAIRS, SECONDS)
    taken: dict[str, Turns] = {at.peer.name: [] for at in servers}
    for at in servers:
        send(at, made, WARM_S / 2 if bench.fast else WARM_S, core)
    for turn in range(turns):
        for at in servers if turn % 2 else reversed(servers):
            taken[at.peer.name].append(send(at, made, seconds, core))
    return taken


def compare(bench: Bench, ours: Turns, echo: Turns) -> None:
    """Check the ratio of the p99, and print that of the p99.9."""
    for share, goal in ((0.99, GOAL), (0.999, None)):
        ratios = [
            our.quantile_ms(share) / their.quantile_ms(share)
            for (our, _), (their, _) in zip(ours, echo, strict=False)
        ]
        middle = statistics.median(ratios) if ratios else None
        low, high = median_interval(ratios) if ratios else (0.0, 0.0)
        words = (
            f"p{share * 100:g} beside Granian's echo at {RATE:.0f} requests/s (95% {low:.2f} to {high:.2f})"
        )
        holds = goal is None or (middle is not None and middle <= goal)
        shown = "printed" if goal is None else f"≤ {goal:g}"
        bench.check(words, None if middle is None else round(middle, 2), "times", shown, holds)


def main(arguments: list[str]) -> None:
    """Start the servers on one processor, and load them from another."""
    with Bench("tail", arguments) as bench, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        adopt()
        cores = sorted(os.sched_getaffinity(0))
        made = demo(Path(folder))
        if not bench.fast and not installed("granian"):
            install("granian")
        key = make_key(made.home)
        os.sched_setaffinity(0, {cores[0]})  # the servers inherit it
        servers = [stack.enter_context(running(hythe(), made, key))]
        if installed("granian"):
            servers.append(stack.enter_context(running(GRANIAN, made)))
        os.sched_setaffinity(0, set(cores))
        taken = take_turns(bench, servers, made, cores[-1])
        for name, turns in taken.items():
            record(bench, name, turns)
        compare(bench, taken["Hythe"], taken.get(GRANIAN.name, []))


if __name__ == "__main__":
    main(sys.argv[1:])
