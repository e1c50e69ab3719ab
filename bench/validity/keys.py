"""Rollouts with a sticky key: some keys send thousands of requests, most a few, and a key's are alike.

Both ways to count are simulated: each request a unit, as if it had been drawn by itself, and each key a unit,
which is what was drawn. A key counts with its first request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.rollout.guard_data import GuardData
from hythe.statistics.evidence.sums import Arms, Sums
from validity.simulated import BLOCK, LOOKS, REQUESTS, Look

_KEYS, _TAIL = 20_000, 1.1
_TRAFFICS = 40


class Traffic(NamedTuple):
    """One sequence of requests: the key of each, and whether it is the key's first."""

    keys: NDArray[np.int64]
    first: NDArray[np.bool_]


def traffics(rng: np.random.Generator) -> list[Traffic]:
    """Draw sequences of requests whose keys have Pareto weights with tail index 1.1."""
    found = []
    for _ in range(_TRAFFICS):
        weights = rng.pareto(_TAIL, _KEYS) + 1.0
        keys = np.searchsorted(np.cumsum(weights), rng.random(REQUESTS) * weights.sum())
        first = np.zeros(REQUESTS, dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        found.append(Traffic(keys, first))
    return found


def sticky(
    rng: np.random.Generator, given: list[Traffic], sims: int, share: float, mean: float, worse_by: float
) -> tuple[Iterator[Look], Iterator[Look]]:
    """Simulate rollouts; give the looks by requests, and by keys.

    A key's requests all fail or all succeed: a share `mean` of the keys fail, and of those that the candidate
    serves `worse_by` more.
    """
    more = worse_by / (1.0 - mean)
    by_requests, by_keys = np.zeros((2, 4, LOOKS, sims), dtype=np.int32)
    block = 4 * (np.arange(REQUESTS) // BLOCK)
    for sim in range(sims):
        traffic = given[sim % len(given)]
        in_b = rng.random(_KEYS) < share
        fails = (rng.random(_KEYS) < mean) | (in_b & (rng.random(_KEYS) < more))
        cell = block + (2 * in_b + fails)[traffic.keys]
        by_requests[:, :, sim] = np.bincount(cell, minlength=4 * LOOKS).reshape(LOOKS, 4).T
        first = np.bincount(cell[traffic.first], minlength=4 * LOOKS)
        by_keys[:, :, sim] = first.reshape(LOOKS, 4).T
    return _looks(by_requests, share), _looks(by_keys, share)


def _looks(blocks: NDArray[np.int32], share: float) -> Iterator[Look]:
    """Put a simulated rollout's counts of (arm, failed) into looks."""
    sums = blocks.cumsum(axis=1, dtype=np.int32)
    for look in range(LOOKS):
        data = GuardData(split={share: _arms(sums[:, look])}, share=share)
        yield Look(data, _arms(blocks[:, look]), share)


def _arms(counts: NDArray[np.int32]) -> Arms:
    fine_a, failed_a, fine_b, failed_b = counts.astype(np.float64)
    return Arms(Sums.hits(fine_a + failed_a, failed_a), Sums.hits(fine_b + failed_b, failed_b))
