"""The goals of the data plane that `bench/serving.py` measures, as checks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from harness import Bench

from peers.all import FRAMEWORKS, GRANIAN, MLSERVER, MOSEC, UVICORN
from peers.extras import FORMS
from peers.turn import Turn

Turns = dict[str, list[Turn]]
OURS = "Hythe"
TIMES: dict[str, dict[int, float]] = {
    **{peer.name: {1: 3.0, 16: 15.0, 64: 15.0} for peer in FRAMEWORKS},
    MOSEC.name: {1: 4.0, 16: 2.0, 64: 1.0},
    UVICORN.name: {1: 1.0},
    GRANIAN.name: {16: 0.6, 64: 0.6},
}
"""At each number of connections, how many times as many answers a second as each peer."""
AIMS = {(MOSEC.name, 64): 1.2}
BEYOND_ECHO_US, HANDLER_US, WORKER_MB, FIRST_ANSWER_S = 80.0, 60.0, 120.0, 1.2


def check(bench: Bench, turns: Turns, failures: dict[str, str]) -> None:
    """Record every goal that could be measured; a peer that failed is one that does not hold."""
    for peer, goals in TIMES.items():
        if peer in failures:
            bench.check(f"{peer} could be measured", False, "", True, False)
        for connections, goal in goals.items() if peer in turns else ():
            _times(bench, turns, peer, connections, goal)
    _errors(bench, turns[OURS])
    _close(bench, turns)
    _grpc(bench, turns)
    _batch(bench, turns[OURS])
    _size(bench, turns[OURS])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Divide ours by theirs, round by round."""
    return [our / their for our, their in zip(ours, theirs, strict=False)]


def _times(bench: Bench, turns: Turns, peer: str, connections: int, goal: float) -> None:
    ours, theirs = ([turn.levels[connections].load.rate for turn in turns[name]] for name in (OURS, peer))
    found = ratios(ours, theirs)
    value = statistics.median(found)
    aim = AIMS.get((peer, connections))
    words = f"requests a second beside {peer}, {connections} connections ({_spread(found)})"
    bench.check(
        words, round(value, 2), "times", f"≥ {goal:g}{f', aim {aim:g}' if aim else ''}", value >= goal
    )


def _errors(bench: Bench, turns: Sequence[Turn]) -> None:
    loads = [level.load for turn in turns for level in turn.levels.values()]
    wrong = sum(load.refused + load.lost for load in loads)
    bench.check("requests of Hythe refused or lost", wrong, "requests", 0, wrong == 0)


def _close(bench: Bench, turns: Turns) -> None:
    if GRANIAN.name in turns:
        pairs = zip(turns[OURS], turns[GRANIAN.name], strict=False)
        beyond = [our.levels[1].load.p50_us - echo.levels[1].load.p50_us for our, echo in pairs]
        value = statistics.median(beyond)
        words = f"p50 at one connection beyond Granian's echo ({_spread(beyond)})"
        bench.check(words, round(value, 1), "µs", f"≤ {BEYOND_ECHO_US:g}", value <= BEYOND_ECHO_US)
    handler = statistics.median(turn.extras["handler_us"] for turn in turns[OURS])
    words = (
        "a row's p50 in the handler beyond the model's call, decoding included "
        "(from histograms, interpolated within buckets of 10 to 50 µs)"
    )
    bench.check(words, round(handler, 1), "µs", f"≤ {HANDLER_US:g}", handler <= HANDLER_US)


def _grpc(bench: Bench, turns: Turns) -> None:
    if MLSERVER.name not in turns:
        return
    for form in FORMS:
        name = f"grpc_{form}"
        words = f"gRPC beside MLServer's, a row as {form}"
        if name not in turns[OURS][0].extras:
            bench.check(words, None, "times", "≥ 1.2", False)
            continue
        ours, theirs = ([turn.extras[name] for turn in turns[who]] for who in (OURS, MLSERVER.name))
        found = ratios(ours, theirs)
        value = statistics.median(found)
        bench.check(f"{words} ({_spread(found)})", round(value, 2), "times", "≥ 1.2", value >= 1.2)


def _batch(bench: Bench, turns: Sequence[Turn]) -> None:
    found = [t.extras["rows_arrow"] / t.extras["rows_json"] for t in turns if "rows_arrow" in t.extras]
    value = round(statistics.median(found), 1) if found else None
    bench.check(
        "rows a second by Arrow beside JSON objects, 10,000 rows of a linear model", value, "times", "≥ 10",
        value is not None and value >= 10,
    )  # fmt: skip


def _size(bench: Bench, turns: Sequence[Turn]) -> None:
    memory = max(turn.worker_mb for turn in turns)
    first = statistics.median(turn.first_answer_s for turn in turns)
    bench.check("resident memory of a worker", round(memory), "MB", f"≤ {WORKER_MB:g}", memory <= WORKER_MB)
    bench.check(
        "from command to first answer", round(first, 2), "s", f"≤ {FIRST_ANSWER_S:g}", first <= FIRST_ANSWER_S
    )


def _spread(values: Sequence[float]) -> str:
    return f"{min(values):.3g} to {max(values):.3g}"
