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
from hythe.monitor.drift.slots import Slots
from hythe.monitor.drift.variation import Slot, Variation

Floats = NDArray[np.float64]
_LONGEST_MEMORY = 0.99
_FEWEST_HITS = 1.0
"""Cells of fewer values a window vary as others of the subject do, for all that is known."""


class Levels(NamedTuple):
    """When windows began (ascending), which slot each belongs to, and how many rows it has."""

    starts: NDArray[np.int64]
    slots: Slots
    n: Floats

    @property
    def others(self) -> Floats:
        """How many rows the other windows of each window's slot have."""
        return self.slots.each(self.slots.sums(self.n)) - self.n


def vary(starts: Sequence[int], cells: NDArray[np.int64], period_s: int, *, ordered: bool) -> Variation:
    """Learn from windows that began at `starts` (ascending) and counted `cells` [windows, cells]."""
    cuts = choose_cuts(cells.sum(axis=0)) if ordered else ()
    hits = totals(cells, cuts)
    n = cells.sum(axis=1).astype(np.float64)
    at = np.asarray(starts, dtype=np.int64)
    every = {season: Levels(at, slots, n) for season, slots in _seasons(tuple(starts), period_s).items()}
    season = _foretold(every, hits)
    levels = every[season]
    z = _deviations(levels, hits)
    memory = memory_of(z, at, period_s)
    weighs, apart = between(levels, memory, period_s)
    scale = np.asarray(np.einsum("wd,wd->d", z, z) / len(z))
    df = _fewer_for_lumps(degrees(levels, scale, memory), scale, hits)
    scale, df, times = _shared(scale, df, hits, n)
    weight = (weighs / (1.0 / n + 1.0 / levels.others)).mean() / times
    return Variation(
        season=season,
        slots=_slots(levels.slots, cells, apart),
        cuts=cuts,
        scale=short(scale),
        df=short(df),
        weight=short(weight),
    )


@lru_cache(maxsize=8)
def _seasons(starts: tuple[int, ...], period_s: int) -> Mapping[Season, Slots]:
    """Give each window's slot in every season that can be learned; most subjects have the same windows."""
    return {
        season: Slots.of(np.array([slot(season, start, period_s) for start in starts]))
        for season in learnable(starts, period_s)
    }


def memory_of(z: Floats, starts: NDArray[np.int64], period_s: int) -> float:
    """Estimate the correlation of the deviations of windows that follow each other, without that of chance.

    One standard error is added, for what is forgotten slowly is easily taken for what is forgotten fast.
    """
    follows = np.diff(starts) == period_s
    varies = np.vdot(z, z) / len(z) - z.shape[1]
    if not follows.any() or varies <= 0.0:
        return 0.0
    together = np.einsum("wd,wd->w", z[1:], z[:-1])[follows].mean()
    found = float(np.clip(together / varies, 0.0, _LONGEST_MEMORY))
    error = np.sqrt((1.0 - found**2) / follows.sum())
    return float(min(found + error, _LONGEST_MEMORY)) if found > error else 0.0


def between(levels: Levels, memory: float, period_s: int) -> tuple[Floats, Floats]:
    """Give the variance of a window's level against that of the others of its slot, and of each slot's mean.

    In units of the variance of one window's level. Levels of one slot's windows are correlated by `memory`
    to the power of their distance in periods.
    """
    slots, n = levels.slots, levels.n
    with_all, rows = _remembered(levels, memory, period_s), slots.sums(n)
    whole = slots.sums(n * with_all)
    m = slots.each(rows) - n
    others = (slots.each(whole) - 2.0 * n * with_all + n * n) / m**2
    return 1.0 + others - 2.0 * (with_all - n) / m, whole / rows**2


def _remembered(levels: Levels, memory: float, period_s: int) -> Floats:
    """Sum the rows of all windows of each window's slot, as far as the two remember each other.

    What two windows share is the product of what is kept from each to the next of those between them, so two
    sweeps are enough, one from either end; nothing is kept from the last of one slot to the first of another.
    """
    slots = levels.slots
    n = levels.n[slots.order]
    kept = np.power(memory, np.abs(np.diff(levels.starts[slots.order])) / period_s)
    kept[slots.firsts[1:] - 1] = 0.0
    found = np.empty_like(n)
    found[slots.order] = _swept(n, kept) + _swept(n[::-1], kept[::-1])[::-1] - n
    return found


def _swept(n: Floats, kept: Floats) -> Floats:
    found = [0.0] * len(n)
    reached = 0.0
    for place, (own, keeps) in enumerate(zip(n.tolist(), [0.0, *kept.tolist()], strict=True)):
        reached = reached * keeps + own
        found[place] = reached
    return np.array(found)


def degrees(levels: Levels, scale: Floats, memory: float) -> Floats:
    """Give the degrees of freedom of mean squares of deviations: fewer where windows are alike.

    By the variance of a mean of squares of correlated normal variables (Bartlett 1946).
    """
    free = len(levels.n) - len(levels.slots.names)
    share = np.maximum(scale - 1.0, 0.0) / np.maximum(scale, 1.0)
    found: Floats = np.maximum(free / (1.0 + 2.0 * share**2 * memory**2 / (1.0 - memory**2)), 1.0)
    return found


def short(values: Iterable[float]) -> tuple[float, ...]:
    """Keep six digits, which is more than is known."""
    return tuple(float(f"{value:.6g}") for value in values)


def _foretold(every: Mapping[Season, Levels], hits: Floats) -> Season:
    """Choose the season in which each window is foretold best by the others of its slot.

    What is missed of a window's share is (hits - n · level) · N / (n · (N - n)), N the rows of its slot and
    level its share of hits. Its squares, each over the variance of a row, add up with the weights n.
    Multiplied out, the square of the hits, which is the long sum, is the same for all seasons.
    """
    n = next(iter(every.values())).n
    share = hits.sum(axis=0) / n.sum()
    spread = share * (1.0 - share)
    off = (hits - n[:, None] * share) / np.sqrt(np.where(spread > 0.0, spread, np.inf))
    square = np.einsum("wd,wd->w", off, off)
    return min(every, key=lambda season: _missed(every[season], off, square))


def _missed(levels: Levels, off: Floats, square: Floats) -> float:
    slots, n = levels.slots, levels.n
    rows = slots.sums(n)
    all_rows = slots.each(rows)
    level = slots.sums(off) / rows[:, None]
    times = all_rows**2 / (n * (all_rows - n) ** 2)
    crossed = np.vdot(level, slots.sums((times * n)[:, None] * off))
    return float(times @ square - 2.0 * crossed + slots.sums(times * n**2) @ (level**2).sum(axis=1))


def _deviations(levels: Levels, hits: Floats) -> Floats:
    """Compare each window with the others of its slot: the z of a test of two proportions."""
    slots, n = levels.slots, levels.n
    rows = slots.sums(n)
    level = slots.sums(hits) / rows[:, None]
    spread = level * (1.0 - level)
    unit = 1.0 / np.sqrt(np.where(spread > 0.0, spread, np.inf))
    all_rows = slots.each(rows)
    off = hits - n[:, None] * slots.each(level)
    found: Floats = off * slots.each(unit) * np.sqrt(all_rows / (n * (all_rows - n)))[:, None]
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


def _slots(slots: Slots, cells: NDArray[np.int64], apart: Floats) -> dict[int, Slot]:
    sums = slots.sums(cells).tolist()
    known = zip(slots.names, sums, slots.windows.tolist(), short(apart), strict=True)
    return {name: Slot(tuple(held), windows, rounded) for name, held, windows, rounded in known}
