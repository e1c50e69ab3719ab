"""The tail of one endpoint while another's model is slow, or crashes again and again.

Both are endpoints of one server with one worker. The demo's is asked 500 times a second; its neighbour, a
Python function in a child process, is left alone, then asked what takes it half a second, then what ends its
process each time it has been started again. The three take turns, and each turn's p99 is compared with that
of the quiet one beside it. Answers of the neighbour are not counted; those of the demo have to be right.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from fixtures.serving import NAMED, Demo, demo
from harness import Bench
from load.intervals import median_interval
from load.open_loop import Outcome, Plan, run
from load.open_loop import Running as Sending
from load.processes import adopt
from peers.hythe import COMMAND, hythe, make_key
from peers.turn import Running, running

NEIGHBOUR = "moody"
CODE = """
import os
import time


def moody(rows):
    x = rows["x"].to_numpy()
    if ((x > 7000) & (x < 7001)).any():
        time.sleep(0.5)
    if ((x > 8000) & (x < 8001)).any():
        os.abort()
    return {"value": x}
"""
MOODS = {"quiet": 0.0, "slow": 7000.0, "crashing": 8000.0}
RATE, NEIGHBOUR_RATE = 500.0, 20.0
ROUNDS, SECONDS = 7, 6.0
FAST_ROUNDS, FAST_SECONDS = 1, 1.5
GOAL = 1.5


def pack_neighbour(folder: Path, home: Path) -> None:
    """Pack the function whose mood its rows decide."""
    (folder / "neighbour.py").write_text(CODE)
    (folder / "moods.json").write_text(json.dumps([{"x": float(i)} for i in range(8)]))
    command = [*COMMAND, "pack", "neighbour:moody", "--name", NEIGHBOUR, "--examples", "moods.json"]
    subprocess.run([*command, "--home", str(home)], cwd=folder, check=True, capture_output=True, timeout=120)


def disturb(at: Running, made: Demo, mood: float, seconds: float) -> Sending:
    """Ask the neighbour, each time with another row, or a row that killed its process would be refused."""
    target = replace(at.target, url=at.target.url.replace(NAMED, NEIGHBOUR))
    count = int(seconds * NEIGHBOUR_RATE)
    rows = [json.dumps({"x": mood + (i + 1) / (count + 2)}).encode() for i in range(count)]
    host, port = target.address
    requests = [target.request(row).decode() for row in rows]
    plan = Plan(host=host, port=port, requests=requests, rate=NEIGHBOUR_RATE, seconds=seconds, connections=64)
    return Sending(plan, made.folder)


def turn(at: Running, made: Demo, mood: str, seconds: float) -> Outcome:
    """Load the demo's endpoint while its neighbour is in a mood."""
    host, port = at.target.address
    requests = [at.target.request(at.peer.body(row)).decode() for row in made.rows]
    plan = Plan(host=host, port=port, requests=requests, rate=RATE, seconds=seconds, connections=64)
    beside = disturb(at, made, MOODS[mood], seconds) if MOODS[mood] else None
    outcome = run(plan, made.folder)
    if beside is not None:
        beside.outcome()
    return outcome


def report(bench: Bench, turns: dict[str, list[Outcome]]) -> None:
    """Make the table, and check each mood's tail beside the quiet one's."""
    for mood, outcomes in turns.items():
        row: dict[str, object] = {"neighbour": mood, "turns": len(outcomes)}
        for title, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999)):
            values = [outcome.quantile_ms(share) for outcome in outcomes]
            row |= {
                title: round(statistics.median(values), 2),
                f"{title}_spread": f"{min(values):.1f}-{max(values):.1f}",
            }
        bench.row(row)
        if mood == "quiet":
            continue
        ratios = [
            beside.quantile_ms(0.99) / quiet.quantile_ms(0.99)
            for beside, quiet in zip(outcomes, turns["quiet"], strict=True)
        ]
        value, (low, high) = statistics.median(ratios), median_interval(ratios)
        words = f"p99 beside a {mood} model (95% {low:.2f} to {high:.2f})"
        bench.check(words, round(value, 2), "of quiet", f"≤ {GOAL:g}", value <= GOAL)
    every = [one for outcomes in turns.values() for one in outcomes]
    lost = sum(one.lost for one in every)
    refused = sum(len(one.status) - one.answered for one in every) - lost
    beside = "beside a slow or crashing model"
    bench.check(f"requests lost {beside}", lost, "requests", 0, lost == 0)
    bench.check(f"requests turned away or failed {beside}", refused, "requests", 0, refused == 0)


def main(arguments: list[str]) -> None:
    """Serve both, and take turns."""
    with Bench("neighbours", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        adopt()
        made = demo(Path(folder))
        pack_neighbour(made.folder, made.home)
        rounds, seconds = (FAST_ROUNDS, FAST_SECONDS) if bench.fast else (ROUNDS, SECONDS)
        turns: dict[str, list[Outcome]] = {mood: [] for mood in MOODS}
        with running(hythe(NAMED, NEIGHBOUR), made, make_key(made.home)) as at:
            turn(at, made, "quiet", 1.0)
            for number in range(rounds):
                for mood in MOODS if number % 2 == 0 else reversed(MOODS):
                    turns[mood].append(turn(at, made, mood, seconds))
        report(bench, turns)


if __name__ == "__main__":
    main(sys.argv[1:])
