"""How long one large request keeps the others of its worker waiting.

A worker answers on one event loop, so the longest time between two of its turns is what a small request may
have to wait. A data plane with the demo's model runs here on a loop of its own, beside it another thread that
posts 10,000 rows of 30 numbers, as JSON objects and as Arrow. What is measured is the loop's own processor
time, which a busy machine hardly changes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop
from fixtures.serving import NAMED, Demo, demo
from harness import Bench
from load.target import Target
from peers.extras import ARROW, arrow

from hythe.dataplane.spec import EndpointSpec
from hythe.operations.prepare import prepare
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan
from hythe.runtime.counters import Counters, create
from hythe.server.http.doors import make_app
from hythe.server.http.http_server import HttpServer
from hythe.testing.plane import make_plane

ROWS = 10_000
GOAL_MS = {"json": 5.0, "arrow": 5.0}


class Turns:
    """Takes a turn of the loop whenever there is one, and keeps the longest time between two."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def take(self) -> None:
        """Take turns until cancelled."""
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest_s = max(self.longest_s, now - last)
            last = now


def endpoint(made: Demo) -> EndpointSpec:
    """Give what serves the demo's model."""
    registry = Registry.open(made.home)
    try:
        version = prepare(registry, NAMED, "onnx").version
    finally:
        registry.close()
    return EndpointSpec(NAMED, Plan.of(version.version, version.digest), (version,))


async def longest_ms(target: Target, body: bytes, tries: int) -> tuple[float, float]:
    """Give the median over the tries of the longest time between turns, and of the whole request's."""
    held, taken = [], []
    for _ in range(tries + 1):  # the first brings pyarrow, and tells the batcher what rows cost
        turns, begun = Turns(), time.perf_counter()
        beside = asyncio.create_task(turns.take())
        status, _answer = await asyncio.to_thread(target.ask, body)
        beside.cancel()
        if status != 200:
            raise SystemExit(f"the server answered {status}")
        held.append(turns.longest_s * 1e3)
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(held[1:]), statistics.median(taken[1:])


async def measure(bench: Bench, made: Demo) -> None:
    """Serve, and post both forms."""
    counters = Counters(create(slots=1), 0)
    plane = make_plane(endpoint(made), counters=counters)
    await plane.start()
    door = socket.create_server(("127.0.0.1", 0))
    target = Target(f"http://127.0.0.1:{door.getsockname()[1]}/predict/{NAMED}")
    server = HttpServer(make_app(plane, counters), door)
    await server.start()
    table = made.table(ROWS)
    bodies = {
        "json": (target, json.dumps({"rows": table.to_dict("records")}).encode()),
        "arrow": (replace(target, content_type=ARROW), arrow(table)),
    }
    gc.collect()
    gc.freeze()
    for form, (where, body) in bodies.items():
        held, taken = await longest_ms(where, body, 3 if bench.fast else 15)
        bench.row(
            {"form": form, "bytes": len(body), "held_ms": round(held, 2), "request_ms": round(taken, 1)}
        )
        what = f"longest hold of the loop by {ROWS:,} rows, {form}"
        bench.check(what, round(held, 2), "ms", GOAL_MS[form], held <= GOAL_MS[form])
    await server.stop()
    await plane.close()


def main(arguments: list[str]) -> None:
    """Measure, print and check."""
    with Bench("stall", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        made = demo(Path(folder))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(bench, made))


if __name__ == "__main__":
    main(sys.argv[1:])
