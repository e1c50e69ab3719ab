"""The season, the design effects and their degrees of freedom of one subject, from its windows.

The model: a window's share in a direction is its slot's level, plus a deviation of the window that is about
normal, forgets itself like an autoregression of order one, and has a variance in proportion to that of rows,
plus chance. Its parts are estimated by moments, each window against the others of its slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.directions import choose_cuts, totals
from hythe.monitor.drift.seasons import Season, learnable, slot
from hythe.monitor.drift.variation import Slot, Variation

Floats = NDArray[np.float64]
_LONGEST_MEMORY = 0.99
_FEWEST_HITS = 1.0
"""Cells of fewer values a window vary as others of the subject do, for all that is known."""


class _Levels(NamedTuple):
    """Windows by slot: each window's slot, its rows, and what it and its whole slot count by direction."""

    starts: NDArray[np.int64]
    slots: NDArray[np.int64]
    n: Floats
    hits: Floats

    def rest(self) -> tuple[Floats, Floats]:
        """Give the rows and the counts of the other windows of each window's slot."""
        _, place = np.unique(self.slots, return_inverse=True)
        rows = np.bincount(place, self.n)
        hits = np.zeros((len(rows), self.hits.shape[1]))
        np.add.at(hits, place, self.hits)
        return rows[place] - self.n, hits[place] - self.hits


def vary(starts: Sequence[int], cells: NDArray[np.int64], period_s: int, *, ordered: bool) -> Variation:
    """Learn from windows that began at `starts` (ascending) and counted `cells` [windows, cells]."""
    cuts = choose_cuts(cells.sum(axis=0)) if ordered else ()
    hits = totals(cells, cuts)
    n = cells.sum(axis=1).astype(np.float64)
    at = np.asarray(starts, dtype=np.int64)
    every = {
        season: _Levels(at, np.array([slot(season, start, period_s) for start in starts]), n, hits)
        for season in learnable(starts, period_s)
    }
    season = min(every, key=lambda season: _error(every[season]))
    return _variation(season, every[season], cells, cuts, period_s)


def _error(levels: _Levels) -> float:
    """Sum the squares of what is missed when each window is foretold by the others of its slot."""
    rows, hits = levels.rest()
    share = levels.hits.sum(axis=0) / levels.n.sum()
    spread = share * (1.0 - share)
    missed = levels.hits / levels.n[:, None] - hits / rows[:, None]
    return float((missed**2 * levels.n[:, None] / np.where(spread > 0.0, spread, np.inf)).sum())


def _variation(
    season: Season, levels: _Levels, cells: NDArray[np.int64], cuts: tuple[int, ...], period_s: int
) -> Variation:
    rows, hits = levels.rest()
    z = _deviations(levels, rows, hits)
    memory = _memory(z, levels.starts, period_s)
    weights, apart = _weights(levels, rows, memory, period_s)
    scale = (z**2).mean(axis=0)
    df = _degrees(levels, scale, memory)
    scale, df, times = _shared(scale, df, levels)
    slots = {
        int(place): Slot(
            tuple(cells[levels.slots == place].sum(axis=0).tolist()),
            int((levels.slots == place).sum()),
            apart[int(place)],
        )
        for place in np.unique(levels.slots)
    }
    return Variation(
        season=season,
        slots=slots,
        cuts=cuts,
        scale=_short(scale),
        df=_short(df),
        weight=_short(weights.mean() / times),
    )


def _deviations(levels: _Levels, rows: Floats, hits: Floats) -> Floats:
    """Compare each window with the others of its slot: the z of a test of two proportions."""
    n, m = levels.n[:, None], rows[:, None]
    share = (levels.hits + hits) / (n + m)
    spread = share * (1.0 - share) * (1.0 / n + 1.0 / m)
    return (levels.hits / n - hits / m) / np.sqrt(np.where(spread > 0.0, spread, np.inf))


def _memory(z: Floats, starts: NDArray[np.int64], period_s: int) -> float:
    """Estimate the correlation of the deviations of windows that follow each other, without that of chance.

    One standard error is added, for what is forgotten slowly is easily taken for what is forgotten fast.
    """
    follows = np.diff(starts) == period_s
    between = (z**2 - 1.0).mean(axis=0).sum()
    if not follows.any() or between <= 0.0:
        return 0.0
    together = (z[1:] * z[:-1])[follows].mean(axis=0).sum()
    found = float(np.clip(together / between, 0.0, _LONGEST_MEMORY))
    error = np.sqrt((1.0 - found**2) / follows.sum())
    return float(min(found + error, _LONGEST_MEMORY)) if found > error else 0.0


def _weights(levels: _Levels, rows: Floats, memory: float, period_s: int) -> tuple[Floats, dict[int, float]]:
    """Give how much variation between windows weighs in each window's deviation, and in each slot's mean.

    Deviations of one slot's windows are correlated by `memory` to the power of their distance in periods.
    """
    weights = np.empty(len(levels.n))
    apart: dict[int, float] = {}
    for place in np.unique(levels.slots):
        inside = np.flatnonzero(levels.slots == place)
        n, m = levels.n[inside], rows[inside]
        distance = np.abs(levels.starts[inside, None] - levels.starts[inside]) / period_s
        alike = np.power(memory, distance)
        with_all = alike @ n
        whole = float(n @ with_all)
        others = (whole - 2.0 * n * with_all + n * n) / m**2
        between = (with_all - n) / m
        weights[inside] = (1.0 + others - 2.0 * between) / (1.0 / n + 1.0 / m)
        apart[int(place)] = _six(whole / n.sum() ** 2)
    return weights, apart


def _degrees(levels: _Levels, scale: Floats, memory: float) -> Floats:
    """Give the degrees of freedom of mean squares: fewer where windows are alike, and where hits are few.

    The variance of a mean of squares of correlated normals (Bartlett 1946), and of Poisson counts of mean μ,
    whose squared deviation has the variance 2 + 1/μ (Satterthwaite 1946).
    """
    free = len(levels.n) - len(np.unique(levels.slots))
    share = np.maximum(scale - 1.0, 0.0) / np.maximum(scale, 1.0)
    alike = 2.0 * share**2 * memory**2 / (1.0 - memory**2)
    hits = levels.hits.mean(axis=0)
    lumps = np.where(hits > 0.0, 1.0 / np.maximum(2.0 * hits * np.maximum(scale, 1.0) ** 2, 1e-12), np.inf)
    return np.maximum(free / (1.0 + alike + lumps), 1.0)


def _shared(scale: Floats, df: Floats, levels: _Levels) -> tuple[Floats, Floats, Floats]:
    """Let directions of too few values to tell vary by the same factor as the one that varies most.

    What variation adds to the chance of rows is then in proportion to the share: give scale, df, and by how
    much less it adds than in the direction that they are from.
    """
    share = (levels.hits.sum(axis=0) + 0.5) / (levels.n.sum() + 1.0)
    spread = share * (1.0 - share)
    hits = levels.hits.mean(axis=0)
    rare = hits < min(_FEWEST_HITS, hits.max())
    telling = np.flatnonzero(~rare)
    most = telling[np.argmax((scale[telling] - 1.0) / spread[telling])]
    taken = rare & (scale < 1.0 + (scale[most] - 1.0) * spread / spread[most])
    return (
        np.where(taken, scale[most], scale),
        np.where(rare, df[most], df),
        np.where(taken, spread / spread[most], 1.0),
    )


def _short(values: Floats) -> tuple[float, ...]:
    return tuple(_six(value) for value in values)


def _six(value: Any) -> float:
    """Keep six digits, which is more than is known."""
    return float(f"{float(value):.6g}")
