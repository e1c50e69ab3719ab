"""Ten minutes of every protocol at once, with clients that go away: nothing stalls, nothing grows.

The server's processes are looked at every few seconds: memory (shared pages once), descriptors and threads.
What counts is the median of the last third beside that of the first.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.serving import NAMED, Demo, demo
from harness import Bench
from load import inference
from load.mixed import Client, Tally, clients, over_grpc, over_http, that_leaves
from load.processes import adopt, descriptors, proportional_mb, threads
from peers.extras import ARROW, arrow
from peers.hythe import hythe, make_key
from peers.turn import Running, running

SECONDS, FAST_SECONDS = 600.0, 9.0
WARM_S, FAST_WARM_S = 20.0, 1.0
LOOK_S, FAST_LOOK_S = 5.0, 0.5
PAUSE_S = 0.01
TABLE_ROWS = 50
LONGEST_WAIT_S, MOST_GROWTH, MORE_DESCRIPTORS = 2.0, 0.05, 8


@dataclass(frozen=True, slots=True)
class Look:
    """What the server's processes held at one moment."""

    memory_mb: float
    descriptors: int
    threads: int


def everybody(at: Running, made: Demo) -> dict[str, Client]:
    """Make a client of each protocol, and three that go away."""
    row, table = made.rows[0], made.table(TABLE_ROWS)
    base, path = at.target, f"http://127.0.0.1:{at.place.port}"
    csv = io.StringIO()
    table.to_csv(csv, index=False)
    columns = {name: values.tolist() for name, values in table.items()}
    tensors = [{"name": n, "shape": [1, 1], "datatype": "FP64", "data": [v]} for n, v in row.items()]
    return {
        "JSON row": over_http(base, json.dumps(row).encode()),
        "JSON columns": over_http(base, json.dumps({"columns": columns}).encode()),
        "Arrow": over_http(replace(base, content_type=ARROW), arrow(table)),
        "CSV": over_http(replace(base, content_type="text/csv"), csv.getvalue().encode()),
        "inference protocol": over_http(
            replace(base, url=f"{path}/v2/models/{NAMED}/infer"), json.dumps({"inputs": tensors}).encode()
        ),
        "KServe v1": over_http(
            replace(base, url=f"{path}/v1/models/{NAMED}:predict"), json.dumps({"instances": [row]}).encode()
        ),
        "gRPC": over_grpc(at.place.grpc_port, inference.as_tensor(NAMED, row), base.authorization),
        **{f"disconnects {n}": that_leaves(base, json.dumps(row).encode(), n) for n in range(3)},
    }


def watch(at: Running, seconds: float, look_s: float) -> list[Look]:
    """Look at the server's processes every `look_s`."""
    looks = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(look_s)
        pids = at.server.processes()
        looks.append(Look(proportional_mb(pids), sum(map(descriptors, pids)), sum(map(threads, pids))))
    return looks


def growth(looks: list[Look], what: str) -> tuple[float, float]:
    """Give the medians of the first and of the last third."""
    third = max(len(looks) // 3, 1)
    first, last = ([getattr(look, what) for look in part] for part in (looks[:third], looks[-third:]))
    return statistics.median(first), statistics.median(last)


def report(bench: Bench, tallies: dict[str, Tally], looks: list[Look]) -> None:
    """Make the table, and check that nothing stalled, failed or grew."""
    for name, tally in tallies.items():
        bench.row(
            {
                "client": name, "answered": tally.answered, "wrong": len(tally.wrong),
                "longest_wait_s": round(tally.longest_s, 3), "disconnects": tally.disconnects,
                "first_fault": tally.wrong[0] if tally.wrong else "",
            }
        )  # fmt: skip
    longest = max(tally.longest_s for tally in tallies.values())
    bench.check(
        "longest wait for an answer",
        round(longest, 2),
        "s",
        f"≤ {LONGEST_WAIT_S:g}",
        longest <= LONGEST_WAIT_S,
    )
    wrong = sum(len(tally.wrong) for tally in tallies.values())
    bench.check("requests without a right answer", wrong, "requests", 0, wrong == 0)
    silent = [name for name, tally in tallies.items() if not tally.answered and not tally.disconnects]
    bench.check("clients that never had an answer", ", ".join(silent), "", "none", not silent)
    memory, memory_later = growth(looks, "memory_mb")
    more = (memory_later / memory - 1) * 100
    bench.check(
        "growth of memory", round(more, 1), "%", f"≤ {MOST_GROWTH * 100:g}", more <= MOST_GROWTH * 100
    )
    for what, most in (("descriptors", MORE_DESCRIPTORS), ("threads", 0)):
        before, later = growth(looks, what)
        bench.check(f"more {what}", later - before, what, f"≤ {most}", later - before <= most)


def main(arguments: list[str]) -> None:
    """Let everybody ask, and watch."""
    with Bench("soak", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        adopt()
        made = demo(Path(folder))
        with running(hythe(grpc=True), made, make_key(made.home)) as at:
            with clients(everybody(at, made), PAUSE_S) as tallies:
                time.sleep(FAST_WARM_S if bench.fast else WARM_S)
                looks = watch(
                    at, FAST_SECONDS if bench.fast else SECONDS, FAST_LOOK_S if bench.fast else LOOK_S
                )
            report(bench, tallies, looks)


if __name__ == "__main__":
    main(sys.argv[1:])
