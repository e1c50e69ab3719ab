"""One row of 30 named numbers over the wire: Hythe beside the servers that people use, and beside the limit.

Each server runs alone, in an environment of its own (made under `.bench/peers/` on first use), in an order
that shifts from round to round; wrk loads it from one thread over 1, 16 and 64 connections. Hythe runs with
keys, validation, metrics, observation and access log on, the others with none of these. Ratios are of one
round each, and what counts is their median. Every server has to give the right answer before it is timed;
one that cannot be installed, does not start or answers wrongly is named as such.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fixtures.serving import Demo, demo
from harness import Bench
from load.processes import adopt
from load.server import DidNotStart
from load.wrk import available
from peers import goals
from peers.all import MLSERVER, PEERS, UVICORN
from peers.environment import NotInstalled, install, installed
from peers.extras import WrongAnswer, hythe_extras, infer_rates
from peers.hythe import hythe, make_key
from peers.peer import Peer
from peers.turn import Extra, Turn, running, take_turn

CONNECTIONS = (1, 16, 64)
ROUNDS, SECONDS = 3, 4
FAST_PEERS = (UVICORN,)
EXTRAS: dict[str, Extra] = {MLSERVER.name: partial(infer_rates, outputs=("predict_proba",))}

Turns = dict[str, list[Turn]]


def turn_of(bench: Bench, peer: Peer, made: Demo, key: str) -> Turn:
    """Measure one server once; Hythe starts a second time, with gRPC."""
    seconds = 1 if bench.fast else bench.options.seconds
    if peer.name != goals.OURS:
        return take_turn(peer, made, CONNECTIONS, seconds, extra=EXTRAS.get(peer.name))
    extra = partial(hythe_extras, seconds=1, tries=1) if bench.fast else hythe_extras
    turn = take_turn(peer, made, CONNECTIONS, seconds, authorization=key, extra=extra)
    with running(hythe(grpc=True), made, key) as at:
        turn.extras |= infer_rates(at, made, seconds=1 if bench.fast else 2)
    return turn


def chosen(bench: Bench, ours: Peer) -> list[Peer]:
    """Give the servers to measure: all, those named by `--only`, or in a fast run those at hand."""
    if bench.options.only:
        words = bench.options.only.lower().split(",")
        return [ours, *(peer for peer in PEERS if any(word in peer.name.lower() for word in words))]
    if bench.fast:
        return [
            ours,
            *(peer for peer in FAST_PEERS if peer.environment is None or installed(peer.environment)),
        ]
    return [ours, *PEERS]


def measure(bench: Bench, made: Demo, peers: Sequence[Peer], key: str) -> tuple[Turns, dict[str, str]]:
    """Give every server its turns; gives with them why some could not be measured."""
    turns: Turns = {peer.name: [] for peer in peers}
    failures: dict[str, str] = {}
    for at in range(1 if bench.fast else bench.options.rounds):
        shift = at * len(peers) // ROUNDS
        for peer in (*peers[shift:], *peers[:shift]):
            if peer.name in failures:
                continue
            try:
                prepare(peer)
                turn = turn_of(bench, peer, made, key)
            except (DidNotStart, NotInstalled, WrongAnswer) as err:
                failures[peer.name] = str(err)
                print(f"   {peer.name} could not be measured: {err}", flush=True)
            else:
                turns[peer.name].append(turn)
                print(f"   round {at + 1}: {peer.name} {brief(turn)}", flush=True)
    return {name: taken for name, taken in turns.items() if taken}, failures


def prepare(peer: Peer) -> None:
    """Make a peer's environment where it is not there yet."""
    if peer.environment is not None and not installed(peer.environment):
        print(f"   installing {peer.name}", flush=True)
        install(peer.environment)


def brief(turn: Turn) -> str:
    """Say in a line what a turn gave."""
    rates = ", ".join(f"{level.load.rate:,.0f}/s at {count}" for count, level in turn.levels.items())
    extras = "".join(f", {name} {value:,.0f}" for name, value in turn.extras.items())
    return f"{rates}, first answer {turn.first_answer_s:.2f} s{extras}"


def report(bench: Bench, turns: Turns, failures: dict[str, str]) -> None:
    """Make the table: medians over the rounds, and the spread of the rates."""
    for name, taken in turns.items():
        row: dict[str, object] = {"server": name}
        for count in CONNECTIONS:
            levels = [turn.levels[count] for turn in taken]
            rates = [level.load.rate for level in levels]
            middles = {
                "p50_us": [level.load.p50_us for level in levels],
                "p99_us": [level.load.p99_us for level in levels],
                "cpu_us": [level.cpu_us for level in levels],
            }
            row |= {
                f"per_s_{count}": round(statistics.median(rates)),
                f"spread_{count}": f"{min(rates):.0f}-{max(rates):.0f}",
                **{f"{what}_{count}": round(statistics.median(values)) for what, values in middles.items()},
            }
        row |= {
            "worker_mb": round(max(turn.worker_mb for turn in taken)),
            "all_mb": round(max(turn.total_mb for turn in taken)),
            "first_answer_s": round(statistics.median(turn.first_answer_s for turn in taken), 2),
            "errors": sum(
                level.load.refused + level.load.lost for turn in taken for level in turn.levels.values()
            ),
        }
        for extra in taken[0].extras:
            row[extra] = round(statistics.median(turn.extras[extra] for turn in taken))
        bench.row(row)
    for name, why in failures.items():
        bench.row({"server": name, "failure": why.splitlines()[0]})


def options() -> argparse.ArgumentParser:
    """Make the options of this benchmark."""
    parser = argparse.ArgumentParser(prog="bench/serving.py", description=__doc__)
    parser.add_argument("--only", metavar="NAME,NAME", help="Hythe and the peers whose names hold these")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each load")
    return parser


def main(arguments: list[str]) -> None:
    """Measure, print and check."""
    with Bench("serving", arguments, options()) as bench, tempfile.TemporaryDirectory() as folder:
        if not available():
            sys.exit("wrk is not installed; install the Debian package 'wrk'")
        adopt()
        made = demo(Path(folder))
        key = make_key(made.home)
        ours = hythe()
        turns, failures = measure(bench, made, chosen(bench, ours), key)
        report(bench, turns, failures)
        if goals.OURS not in turns:
            sys.exit(f"Hythe could not be measured: {failures[goals.OURS]}")
        goals.check(bench, turns, failures)


if __name__ == "__main__":
    main(sys.argv[1:])
