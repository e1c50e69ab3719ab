"""What is simulated: each kind of evidence at each base rate and share, and what makes traffic less tidy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis
from hythe.statistics.evidence.counts import log_e_counts
from hythe.statistics.evidence.sample_ratio import log_e_sample_ratio
from validity import simulated
from validity.judged import judged, over
from validity.keys import sticky, traffics
from validity.simulated import BLOCK, LOOKS, SPREAD, Level, Look, Share, Source
from validity.table import WARNING, Table

MARGINS = {0.001: 0.01, 0.02: 0.01, 0.3: 0.05}
"""Base rates, and the margin that is guarded at each."""
RATIO = 1.5
"""The margin of counts: so many times the champion's."""
_DECAY = 0.55


def values(table: Table, base: float) -> None:
    """Simulate errors and scores between 0 and 1; where the share rises, so does the mean of both arms."""
    margin = MARGINS[base]
    for label, share in table.shares.items():
        level = simulated.rising(base) if share is simulated.stepped else simulated.steady(base)
        shown = {"base": base, "share": label, "margin": margin}
        errors, scores = Guard("error_rate", margin=margin), Guard("brier", margin=margin)
        table.guard(
            "rate", errors, Basis(mean=base), _of(table, simulated.rates, level, share, margin), **shown
        )
        basis = Basis(mean=base, spread=SPREAD)
        table.guard("bounded mean", scores, basis, _of(table, simulated.means, level, share, margin), **shown)


def _of(
    table: Table,
    draw: Callable[[np.random.Generator, Source], Iterator[Look]],
    level: Level,
    share: Share,
    margin: float,
) -> Callable[[bool], Iterator[Look]]:
    return lambda worse: draw(table.rng, Source(level, share, margin if worse else 0.0, table.sims))


def either_way(table: Table, base: float) -> None:
    """Simulate predictions, which may move neither up nor down, off by exactly what is tolerated."""
    guard, basis = Guard("prediction"), Basis(mean=base, spread=SPREAD)
    margin, level = guard.margin_or_default, simulated.steady(base)
    for label, share in table.shares.items():
        found = [
            judged(
                _of(table, simulated.means, level, share, margin)(True), guard, basis, worse=worse, rules={}
            )
            for worse in (True, False)
        ]
        table.add("prediction, either way", *found, base=base, share=label, margin=margin)


def latencies(table: Table, beyond: float) -> None:
    """Simulate durations of which so many are beyond the bound, drawn one by one or hanging together."""
    guard = Guard("latency_p99")
    basis = Basis(mean=beyond, bound=simulated.BOUND, decay=_DECAY)
    for (label, share), kind in product(table.shares.items(), ("latency", "latency, autocorrelated")):

        def looks(slower: bool, share: Share = share, kind: str = kind) -> Iterator[Look]:
            level = simulated.steady(beyond)
            if kind != "latency":
                level = simulated.together(table.rng, beyond, table.sims)
            return simulated.durations(table.rng, Source(level, share, 0.0, table.sims), slower)

        table.guard(kind, guard, basis, looks, base=beyond, share=label, margin=guard.margin_or_default)


def shadows(table: Table, base: float) -> None:
    """Simulate copies whose answers differ as often as is tolerated, which is the margin as well."""
    for (label, share), metric in product(table.fixed.items(), ("shadow_errors", "disagreement")):
        guard = Guard(metric, margin=base, tolerance=base)
        binary = metric == "shadow_errors"

        def looks(_: bool, share: Share = share, binary: bool = binary) -> Iterator[Look]:
            source = Source(simulated.steady(base), share, 0.0, table.sims)
            return simulated.copies(table.rng, source, binary=binary)

        kind = f"shadow, one arm, {'rate' if binary else 'mean'}"
        table.guard(kind, guard, Basis(), looks, base=base, share=label, margin=base)


def counts(table: Table, base: float) -> None:
    """Simulate events without a denominator: as many as the share says, or so many times as many."""
    for label, share_at in table.fixed.items():
        share = share_at(0)

        def events(ratio: float, side: Any, share: float = share) -> Iterator[Any]:
            a, b = np.zeros(table.sims), np.zeros(table.sims)
            for _ in range(LOOKS):
                a = a + table.rng.poisson(base * BLOCK * (1.0 - share), table.sims)
                b = b + table.rng.poisson(ratio * base * BLOCK * share, table.sims)
                yield log_e_counts(a, b, share, ratio, side)

        back, on = over(events(1.0, "above")), over(events(RATIO, "below"))
        table.add("counts", {"hythe": back}, {"hythe": on}, base=base, share=label, margin=f"{RATIO} times")


def shared_bursts(table: Table, base: float) -> None:
    """Simulate bursts of errors that hit both arms."""
    margin = MARGINS[base]
    guard, basis = Guard("error_rate", margin=margin), Basis(mean=base)
    for label, share in table.fixed.items():

        def looks(worse: bool, share: Share = share) -> Iterator[Look]:
            level = simulated.bursts(table.rng, base, table.sims)
            return simulated.rates(table.rng, Source(level, share, margin if worse else 0.0, table.sims))

        table.guard("rate, bursts in both arms", guard, basis, looks, base=base, share=label, margin=margin)


def sticky_keys(table: Table, base: float) -> None:
    """Simulate keys of very different size, counted by key and, as a warning, by request."""
    given, margin = traffics(table.rng), MARGINS[base]
    guard, basis = Guard("error_rate", margin=margin), Basis(mean=base)
    for label, share in table.fixed.items():
        by_key, by_request = [], []
        for worse_by in (0.0, margin):
            requests, keys = sticky(table.rng, given, table.sims, share(0), base, worse_by)
            worse = worse_by == 0.0
            rules = table.rules(guard, basis)
            by_request.append(judged(requests, guard, basis, worse=worse, rules=rules))
            by_key.append(judged(keys, guard, basis, worse=worse, rules={}))
        table.add("sticky keys, a unit each", *by_key, base=base, share=label, margin=margin)
        table.add(WARNING, *by_request, base=base, share=label, margin=margin)


def mismatches(table: Table) -> None:
    """Simulate traffic that is split as planned, and count how often it is held for a mismatch."""
    for label, share_at in table.fixed.items():
        share = share_at(0)

        def evidence(share: float = share) -> Iterator[Any]:
            b = np.zeros(table.sims)
            for look in range(LOOKS):
                b = b + table.rng.binomial(BLOCK, share, table.sims)
                yield log_e_sample_ratio([BLOCK * (look + 1) - b, b], [1.0 - share, share])

        held, allowed = over(evidence(), 0.001), 0.001 + 2.0 * (0.001 / table.sims) ** 0.5
        what = f"held for a sample-ratio mismatch that is none, share {label}"
        table.bench.check(what, held, "of rollouts", f"≤ {allowed:.4f}", held <= allowed)
