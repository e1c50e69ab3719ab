"""More than a server can do: what it still answers, how fast, and what it holds meanwhile.

A Python model that is busy for 2 ms a row is offered three times its measured peak at a fixed rate, each
request with a deadline; then the demo's model, which is faster than any generator in Python, is asked by a
thousand connections at once, each asking again as soon as it is answered or refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from fixtures.serving import Demo, demo
from harness import Bench
from load.open_loop import Outcome, Plan, run
from load.processes import adopt, proportional_mb
from load.wrk import wrk
from peers.hythe import COMMAND, hythe, make_key
from peers.peer import Peer
from peers.turn import Running, running

SLOW = "slow"
CODE = """
import time


def slow(rows):
    until = time.perf_counter() + 0.002 * len(rows)
    while time.perf_counter() < until:
        pass
    return {"value": rows["x"].to_numpy()}
"""
DEADLINE_MS = 250
TIMES = 3.0
PEAK_CONNECTIONS, FAST_PEAK_CONNECTIONS, MANY_CONNECTIONS = 16, 64, 1000
SECONDS, FAST_SECONDS = 15, 2


def pack_slow(folder: Path, home: Path) -> None:
    """Pack the function that is busy for 2 ms a row."""
    (folder / "busy.py").write_text(CODE)
    (folder / "rows.json").write_text(json.dumps([{"x": float(i)} for i in range(8)]))
    command = [*COMMAND, "pack", "busy:slow", "--name", SLOW, "--examples", "rows.json", "--home", str(home)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


def slow_server(place: Demo) -> tuple[Peer, Demo]:
    """Describe the server of the slow model, and the one row that it is asked."""
    peer = replace(hythe(SLOW), probability=lambda answer: float(answer["predictions"][0]["value"]))
    return peer, replace(place, rows=[{"x": 3.0}], expected=[3.0])


def peak(at: Running, made: Demo, connections: int, seconds: int) -> float:
    """Give the most answers a second that a closed loop gets."""
    bodies = made.folder / "bodies.jsonl"
    bodies.write_bytes(b"\n".join(at.peer.body(row) for row in made.rows))
    wrk(at.target, bodies, connections=connections, seconds=1)
    return wrk(at.target, bodies, connections=connections, seconds=seconds).rate


def offer(at: Running, made: Demo, rate: float, seconds: int) -> Outcome:
    """Offer a fixed rate with a deadline on each request."""
    target = replace(at.target, timeout_ms=DEADLINE_MS)
    host, port = target.address
    requests = [target.request(at.peer.body(row)).decode() for row in made.rows]
    plan = Plan(host=host, port=port, requests=requests, rate=rate, seconds=seconds, connections=1000)
    return run(plan, made.folder)


def slow_model(bench: Bench, place: Demo, key: str) -> None:
    """Offer three times what the slow model can do."""
    peer, made = slow_server(place)
    seconds = FAST_SECONDS if bench.fast else SECONDS
    with running(peer, made, key) as at:
        most = peak(at, made, PEAK_CONNECTIONS, seconds)
        offer(at, made, TIMES * most, 1)
        before = proportional_mb(at.server.processes())
        outcome = offer(at, made, TIMES * most, seconds)
        after = proportional_mb(at.server.processes())
        again = peak(at, made, PEAK_CONNECTIONS, seconds)
    goodput, p99 = outcome.answered / seconds, outcome.quantile_ms(0.99)
    statuses = {int(status): int((outcome.status == status).sum()) for status in set(outcome.status.tolist())}
    bench.row(
        {
            "model": "Python, 2 ms a row", "peak_per_s": f"{most:.0f}, {again:.0f} after",
            "offered_per_s": round(TIMES * most),
            "goodput_per_s": round(goodput), "p99_ms": round(p99, 1), "statuses": str(statuses),
            "before_mb": round(before), "after_mb": round(after),
        }
    )  # fmt: skip
    share = goodput / ((most + again) / 2)  # other work on the machine comes and goes
    bench.check(
        "goodput of a model of 2 ms a row at 3 times its peak",
        round(share, 3),
        "of peak",
        "≥ 0.9",
        share >= 0.9,
    )
    bench.check(
        "p99 of accepted requests", round(p99, 1), "ms", f"≤ {DEADLINE_MS}, the deadline", p99 <= DEADLINE_MS
    )
    growth = after / before - 1
    bench.check("growth of memory under overload", round(growth * 100, 1), "%", "≤ 5", growth <= 0.05)
    bench.check("requests without any answer", outcome.lost, "requests", 0, outcome.lost == 0)


def fast_model(bench: Bench, made: Demo, key: str) -> None:
    """Ask the demo's model over more connections than it can answer in time."""
    seconds = FAST_SECONDS if bench.fast else SECONDS
    with running(hythe(), made, key) as at:
        most = peak(at, made, FAST_PEAK_CONNECTIONS, seconds)
        crowd = replace(at.target, timeout_ms=DEADLINE_MS)
        load = wrk(crowd, made.folder / "bodies.jsonl", connections=MANY_CONNECTIONS, seconds=seconds)
    bench.row(
        {
            "model": "demo, 1000 connections", "peak_per_s": round(most), "goodput_per_s": round(load.rate),
            "p99_ms": round(load.p99_us / 1e3, 1), "refused": load.refused, "lost": load.lost,
        }
    )  # fmt: skip
    share = load.rate / most
    bench.check(
        "goodput of the demo's model from 1,000 connections",
        round(share, 3),
        "of peak",
        "≥ 0.35",
        share >= 0.35,
    )


def main(arguments: list[str]) -> None:
    """Overload both models, one after the other."""
    with Bench("overload", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        adopt()
        made = demo(Path(folder))
        pack_slow(made.folder, made.home)
        key = make_key(made.home)
        slow_model(bench, made, key)
        fast_model(bench, made, key)


if __name__ == "__main__":
    main(sys.argv[1:])
