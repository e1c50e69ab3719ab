"""The season, the design effects and their degrees of freedom of one subject, from its windows.

The model: a window's share in a direction is its slot's level, plus a deviation of the window that is about
normal, forgets itself like an autoregression of order one, and has a variance in proportion to that of rows,
plus chance. Its parts are estimated by moments, each window against the others of its slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.directions import choose_cuts, totals
from hythe.monitor.drift.seasons import Season, learnable, slot
from hythe.monitor.drift.variation import Slot, Variation

Floats = NDArray[np.float64]
_LONGEST_MEMORY = 0.99
_FEWEST_HITS = 1.0
"""Cells of fewer values a window vary as others of the subject do, for all that is known."""


class Levels(NamedTuple):
    """When windows began, which slot each belongs to, and how many rows it has."""

    starts: NDArray[np.int64]
    slots: NDArray[np.int64]
    n: Floats

    def rest(self, counts: Floats) -> Floats:
        """Sum counts [windows, …] over the other windows of each window's slot."""
        order = np.argsort(self.slots, kind="stable")
        ordered = self.slots[order]
        firsts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        sums = np.add.reduceat(counts[order], firsts, axis=0)
        found: Floats = sums[np.searchsorted(ordered[firsts], self.slots)] - counts
        return found


def vary(starts: Sequence[int], cells: NDArray[np.int64], period_s: int, *, ordered: bool) -> Variation:
    """Learn from windows that began at `starts` (ascending) and counted `cells` [windows, cells]."""
    cuts = choose_cuts(cells.sum(axis=0)) if ordered else ()
    hits = totals(cells, cuts)
    n = cells.sum(axis=1).astype(np.float64)
    at = np.asarray(starts, dtype=np.int64)
    every = {season: Levels(at, slots, n) for season, slots in _seasons(tuple(starts), period_s).items()}
    season = min(every, key=lambda season: _error(every[season], hits))
    levels = every[season]
    z = _deviations(levels, hits)
    memory = memory_of(z, at, period_s)
    weighs, apart = between(levels, memory, period_s)
    scale = (z**2).mean(axis=0)
    df = _fewer_for_lumps(degrees(levels, scale, memory), scale, hits)
    scale, df, times = _shared(scale, df, hits, n)
    weight = (weighs / (1.0 / n + 1.0 / levels.rest(n))).mean() / times
    return Variation(
        season=season,
        slots=_slots(levels, cells, apart),
        cuts=cuts,
        scale=short(scale),
        df=short(df),
        weight=short(weight),
    )


@lru_cache(maxsize=8)
def _seasons(starts: tuple[int, ...], period_s: int) -> Mapping[Season, NDArray[np.int64]]:
    """Give each window's slot in every season that can be learned; most subjects have the same windows."""
    return {
        season: np.array([slot(season, start, period_s) for start in starts])
        for season in learnable(starts, period_s)
    }


def memory_of(z: Floats, starts: NDArray[np.int64], period_s: int) -> float:
    """Estimate the correlation of the deviations of windows that follow each other, without that of chance.

    One standard error is added, for what is forgotten slowly is easily taken for what is forgotten fast.
    """
    follows = np.diff(starts) == period_s
    varies = (z**2 - 1.0).mean(axis=0).sum()
    if not follows.any() or varies <= 0.0:
        return 0.0
    together = (z[1:] * z[:-1])[follows].mean(axis=0).sum()
    found = float(np.clip(together / varies, 0.0, _LONGEST_MEMORY))
    error = np.sqrt((1.0 - found**2) / follows.sum())
    return float(min(found + error, _LONGEST_MEMORY)) if found > error else 0.0


def between(levels: Levels, memory: float, period_s: int) -> tuple[Floats, dict[int, float]]:
    """Give the variance of a window's level against that of the others of its slot, and of each slot's mean.

    In units of the variance of one window's level. Levels of one slot's windows are correlated by `memory`
    to the power of their distance in periods.
    """
    weighs = np.empty(len(levels.n))
    apart: dict[int, float] = {}
    for place in np.unique(levels.slots).tolist():
        inside = np.flatnonzero(levels.slots == place)
        n = levels.n[inside]
        distance = np.abs(levels.starts[inside, None] - levels.starts[inside]) / period_s
        with_all = np.power(memory, distance) @ n
        whole, m = float(n @ with_all), n.sum() - n
        others = (whole - 2.0 * n * with_all + n * n) / m**2
        weighs[inside] = 1.0 + others - 2.0 * (with_all - n) / m
        apart[place] = whole / n.sum() ** 2
    return weighs, apart


def degrees(levels: Levels, scale: Floats, memory: float) -> Floats:
    """Give the degrees of freedom of mean squares of deviations: fewer where windows are alike.

    By the variance of a mean of squares of correlated normal variables (Bartlett 1946).
    """
    free = len(levels.n) - len(np.unique(levels.slots))
    share = np.maximum(scale - 1.0, 0.0) / np.maximum(scale, 1.0)
    found: Floats = np.maximum(free / (1.0 + 2.0 * share**2 * memory**2 / (1.0 - memory**2)), 1.0)
    return found


def short(values: Iterable[float]) -> tuple[float, ...]:
    """Keep six digits, which is more than is known."""
    return tuple(float(f"{value:.6g}") for value in values)


def _error(levels: Levels, hits: Floats) -> float:
    """Sum the squares of what is missed when each window is foretold by the others of its slot."""
    n, m = levels.n[:, None], levels.rest(levels.n)[:, None]
    share = hits.sum(axis=0) / n.sum()
    spread = share * (1.0 - share)
    missed = hits / n - levels.rest(hits) / m
    return float((missed**2 * n / np.where(spread > 0.0, spread, np.inf)).sum())


def _deviations(levels: Levels, hits: Floats) -> Floats:
    """Compare each window with the others of its slot: the z of a test of two proportions."""
    n, m = levels.n[:, None], levels.rest(levels.n)[:, None]
    others = levels.rest(hits)
    share = (hits + others) / (n + m)
    spread = share * (1.0 - share) * (1.0 / n + 1.0 / m)
    found: Floats = (hits / n - others / m) / np.sqrt(np.where(spread > 0.0, spread, np.inf))
    return found


def _fewer_for_lumps(df: Floats, scale: Floats, hits: Floats) -> Floats:
    """Lower degrees of freedom where hits are few: the square of a deviation then comes in lumps.

    That of a Poisson count of mean μ has the variance 2 + 1/μ (Satterthwaite 1946).
    """
    mean = hits.mean(axis=0)
    lumps = 1.0 / np.maximum(2.0 * mean * np.maximum(scale, 1.0) ** 2, 1e-12)
    found: Floats = np.maximum(df / (1.0 + lumps), 1.0)
    return found


def _shared(scale: Floats, df: Floats, counts: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Let directions of too few values to tell vary by the same factor as the one that varies most.

    What variation adds to the chance of rows is then in proportion to the share: give scale, df, and by how
    much less it adds than in the direction that they are from.
    """
    share = (counts.sum(axis=0) + 0.5) / (n.sum() + 1.0)
    spread = share * (1.0 - share)
    hits = counts.mean(axis=0)
    rare = hits < min(_FEWEST_HITS, hits.max())
    telling = np.flatnonzero(~rare)
    most = telling[np.argmax((scale[telling] - 1.0) / spread[telling])]
    taken = rare & (scale < 1.0 + (scale[most] - 1.0) * spread / spread[most])
    return (
        np.where(taken, scale[most], scale),
        np.where(rare, df[most], df),
        np.where(taken, spread / spread[most], 1.0),
    )


def _slots(levels: Levels, cells: NDArray[np.int64], apart: dict[int, float]) -> dict[int, Slot]:
    found = {}
    for place in np.unique(levels.slots).tolist():
        inside = cells[levels.slots == place]
        [rounded] = short([apart[place]])
        found[place] = Slot(tuple(inside.sum(axis=0).tolist()), len(inside), rounded)
    return found
