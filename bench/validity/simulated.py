"""Simulated rollouts, many at once: 50,000 requests each, looked at after every 100.

What a block of 100 requests comes to is drawn as a whole, from binomials and multinomials, where that is
exact. An array has a place for each rollout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hythe.rollout.guard_data import Durations, GuardData
from hythe.statistics.evidence.sums import Arms, Sums

BLOCK, REQUESTS = 100, 50_000
LOOKS = REQUESTS // BLOCK
ATOMS = np.arange(5) / 4
"""The values of a bounded metric: successes of four tries, as a share."""
SPREAD = 0.25
"""Their variance as a share of mean·(1 - mean)."""
BOUND, FURTHER = 100, 102
BOUNDS = [1e-6 * 10 ** (place / 20) for place in range(181)]
Array: TypeAlias = NDArray[np.float64]
Level: TypeAlias = Callable[[int], Any]
"""Gives the champion's mean at a look: a number, or one for each rollout."""
Share: TypeAlias = Callable[[int], float]
"""Gives the candidate's share of the traffic at a look."""


class Look(NamedTuple):
    """All that was seen up to one look, and what the last block brought of it."""

    data: GuardData
    block: Arms
    share: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where a block's values come from: a champion's mean over time, and how much worse the candidate is."""

    level: Level
    share: Share
    worse_by: float
    sims: int


def steady(value: float) -> Level:
    """Keep one mean all the time."""
    return lambda _: value


def fixed(share: float) -> Share:
    """Keep one share all the time."""
    return lambda _: share


def stepped(look: int) -> float:
    """Raise the share in three steps."""
    return 0.01 if look < 0.2 * LOOKS else 0.1 if look < 0.5 * LOOKS else 0.5


def rising(value: float) -> Level:
    """Double the mean while the share rises, so that arms put together would look different."""
    return lambda look: value * (1.0 if look < 0.2 * LOOKS else 1.5 if look < 0.5 * LOOKS else 2.0)


def bursts(rng: np.random.Generator, value: float, sims: int) -> Level:
    """Multiply both arms' mean by twenty in bursts that come every 10,000 requests and last for 1,000."""
    on = np.zeros((LOOKS, sims), dtype=bool)
    for look in range(1, LOOKS):
        chance = np.where(on[look - 1], 0.9, 0.01)
        on[look] = rng.random(sims) < chance
    return lambda look: np.where(on[look], min(20.0 * value, 0.9), value)


def together(rng: np.random.Generator, value: float, sims: int) -> Level:
    """Let durations hang together: the load of both arms moves slowly, and with it how many are too long.

    The logarithm of a duration is a load, which keeps 95% from block to block, and noise as wide as its own.
    """
    from scipy.stats import norm

    load, bound = rng.standard_normal(sims), norm.isf(value) * np.sqrt(2.0)
    loads = []
    for _ in range(LOOKS):
        loads.append(load)
        load = 0.95 * load + np.sqrt(1.0 - 0.95**2) * rng.standard_normal(sims)
    return lambda look: norm.sf(bound - loads[look])


def rates(rng: np.random.Generator, source: Source) -> Iterator[Look]:
    """Simulate values of 0 and 1."""

    def draw(n: Array, mean: Any) -> Sums:
        return Sums.hits(n, rng.binomial(n.astype(np.int64), np.minimum(mean, 1.0)).astype(float))

    yield from _looks(rng, source, draw)


def means(rng: np.random.Generator, source: Source) -> Iterator[Look]:
    """Simulate values between 0 and 1."""
    from scipy.stats import binom

    def draw(n: Array, mean: Any) -> Sums:
        counts = rng.multinomial(n.astype(np.int64), binom.pmf(np.arange(5), 4, mean)).astype(float)
        return Sums(n, counts @ ATOMS, counts @ ATOMS**2, counts @ ATOMS**3)

    yield from _looks(rng, source, draw)


def durations(rng: np.random.Generator, source: Source, slower: bool) -> Iterator[Look]:
    """Simulate durations; a candidate that is slower by the margin is so by two buckets exactly.

    Its durations are beyond the bound with the margin on top as often as the champion's are beyond the bound.
    Only what is beyond them is drawn: a bucket below, one between, and one above.
    """
    sums = {share: [np.zeros((4, source.sims)), np.zeros((4, source.sims))] for share in _shares(source)}
    for look in range(LOOKS):
        share, level = source.share(look), source.level(look)
        n_b = rng.binomial(BLOCK, share, source.sims)
        for arm, n in enumerate((BLOCK - n_b, n_b)):
            beyond = rng.binomial(n, level)
            # Of those beyond the bound, these are beyond the margin too; how many does not matter in arm a.
            further = beyond if arm and slower else rng.binomial(beyond, 0.3)
            sums[share][arm] += (n - beyond, beyond - further, further, n)
        pairs = {at: (_timed(pair[0]), _timed(pair[1])) for at, pair in sums.items() if pair[0][3].any()}
        data = GuardData(durations=pairs, bounds=BOUNDS, share=share)
        yield Look(data, Arms(Sums.hits(0.0, 0.0), Sums.hits(0.0, 0.0)), share)


def copies(rng: np.random.Generator, source: Source, *, binary: bool) -> Iterator[Look]:
    """Simulate the copies that a shadow gets of a share of the requests."""
    from scipy.stats import binom

    total = np.zeros((3, source.sims))
    for look in range(LOOKS):
        n = rng.binomial(BLOCK, source.share(look), source.sims)
        if binary:
            hits = rng.binomial(n, source.level(look))
            total += (n, hits, hits)
        else:
            counts = rng.multinomial(n, binom.pmf(np.arange(5), 4, source.level(look)))
            total += (n, counts @ ATOMS, counts @ ATOMS**2)
        seen = Sums.hits(total[0].copy(), total[1].copy()) if binary else Sums(*total.copy())
        yield Look(GuardData(copies=seen), Arms(Sums.hits(0.0, 0.0), seen), 0.0)


def _looks(rng: np.random.Generator, source: Source, draw: Callable[[Array, Any], Sums]) -> Iterator[Look]:
    """Draw the arms' units and values block by block, and add them up by share."""
    split: dict[float, Arms] = {}
    for look in range(LOOKS):
        share, level = source.share(look), source.level(look)
        n_b = rng.binomial(BLOCK, share, source.sims).astype(float)
        block = Arms(draw(BLOCK - n_b, level), draw(n_b, level + source.worse_by))
        before = split.get(share)
        split[share] = block if before is None else Arms(*map(added, before, block))
        yield Look(GuardData(split=dict(split), share=share), block, share)


def added(first: Sums, second: Sums) -> Sums:
    """Put the units of both together."""
    n, total = first.n + second.n, first.total + second.total
    if first.squares is first.total:
        return Sums.hits(n, total)
    return Sums(n, total, first.squares + second.squares, first.cubes + second.cubes)


def _shares(source: Source) -> list[float]:
    return sorted({source.share(look) for look in range(LOOKS)})


def _timed(counts: Array) -> Durations:
    buckets = {BOUND: counts[0].copy(), FURTHER: counts[1].copy(), FURTHER + 1: counts[2].copy()}
    return Durations(counts[3].copy(), buckets)
