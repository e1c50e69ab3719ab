"""How often rollouts are sent back, or promoted, wrongly when they are looked at all the time.

Each row is 4,000 simulated rollouts of 50,000 requests, looked at after every 100. Sent back wrongly: the
candidate is no worse (a shadow or a prediction: exactly as far off as tolerated). Promoted wrongly: it is
worse by exactly the margin. What looks is `hythe.rollout.evaluate`, as in production; beside it, on the same
requests, a z-test that is looked at as often, one that is looked at once, and the thresholds of Flagger and
of Argo Rollouts (`validity/thresholds.py` says with which settings). Then how much data a verdict takes,
relative to a fixed-sample test of 80% power that knows the difference and is looked at once. The fast mode
has fewer rollouts, one base rate and one share.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict

import numpy as np
from harness import Bench
from validity import rows
from validity.judged import ALPHA
from validity.strength import Race, percentiles, race, races
from validity.table import Table

SIMS, FAST_SIMS = 4000, 100
LOOKS, FAST_LOOKS = 200, 40
FAST_BASE = 0.02
GOALS = {"known": 1.5, "unknown": 2.0}
UNIT = "times the fixed sample"
ROWS = (rows.values, rows.latencies, rows.shadows, rows.counts, rows.shared_bursts, rows.sticky_keys)


def validity(table: Table, bases: list[float]) -> None:
    """Simulate every kind of evidence at these base rates."""
    for simulate in ROWS:
        for base in bases:
            simulate(table, base)
    rows.either_way(table, 0.3)
    table.checks()
    rows.mismatches(table)


def strength(table: Table, bases: list[float]) -> None:
    """Race against the fixed-sample test."""
    worst: dict[tuple[str, float | None], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for given in races(bases, (0.5,) if table.bench.fast else (0.1, 0.5)):
        median, most = percentiles(race(table.rng, given, table.sims, looks(table)))
        row = {
            "evidence": f"strength: {given.what}", "effect": given.effect, "base": given.mean_a,
            "share": given.share, "verdict": given.verdict, "margin": given.guard.margin_or_default,
            "difference": round(given.difference, 5), "fixed sample": math.ceil(given.fixed),
            "median": median, "80th percentile": most,
        }  # fmt: skip
        table.bench.row(row)
        print("  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        kind = f"{given.what}, effect {given.effect}{', few hits' if given.few else ''}", goal_of(given)
        worst[kind] = max(worst[kind][0], median), max(worst[kind][1], most)
    for (said, goal), (median, most) in worst.items():
        _checks(table.bench, f"strength, {said}", goal, median, most)
    five_guards(table)


def looks(table: Table) -> int:
    """Say how often a race is looked at in the time of the fixed sample."""
    return FAST_LOOKS if table.bench.fast else LOOKS


def goal_of(given: Race) -> float | None:
    """Give the goal for the 80th percentile.

    Latencies, and effects that are not the expected one, are reported without a goal; so are rates so low
    that the fixed-sample test does not hold its own level.
    """
    return None if given.few or given.what.startswith("latency") else GOALS.get(given.effect)


def _checks(bench: Bench, said: str, goal: float | None, median: float, most: float) -> None:
    """Check the worst row of a kind."""
    holds = goal is None or most <= goal
    bench.check(f"{said}: 80th percentile, worst row", most, UNIT, goal and f"≤ {goal}", holds)
    bench.check(f"{said}: median, worst row", median, UNIT, goal and "≤ 1.0", goal is None or median <= 1.0)


def five_guards(table: Table) -> None:
    """Ask five guards at once: each has a fifth of alpha to go back, and all have to be fine to go on."""
    alike: dict[str, Race] = {
        given.verdict: given
        for given in races([FAST_BASE], (0.5,))
        if given.what == "rate" and given.effect == "known"
    }
    back = race(table.rng, alike["worse"], table.sims, looks(table), ALPHA / 5)
    on = np.max([race(table.rng, alike["fine"], table.sims, looks(table)) for _ in range(5)], axis=0)
    for what, taken in (("one of five guards sends back", back), ("five guards let go on", on)):
        median, most = percentiles(taken)
        table.bench.check(f"strength, {what}: 80th percentile", most, f"{UNIT} of one", None, True)
        table.bench.check(f"strength, {what}: median", median, f"{UNIT} of one", None, True)


def main(arguments: list[str]) -> None:
    """Simulate everything and check the issue's goals."""
    with Bench("rollout_validity", arguments) as bench:
        table = Table(bench, FAST_SIMS if bench.fast else SIMS)
        bases = [FAST_BASE] if bench.fast else [*rows.MARGINS]
        validity(table, bases)
        strength(table, bases)


if __name__ == "__main__":
    main(sys.argv[1:])
