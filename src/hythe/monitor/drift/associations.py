"""How much the dependence of features varies between windows, and whether a new window is within it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.monitor.drift.levels import Levels, between, degrees, memory_of, short
from hythe.monitor.drift.slots import Slots
from hythe.statistics.homogeneity import same_odds_p
from hythe.statistics.prediction import predicted_p

Floats = NDArray[np.float64]
Tables = NDArray[np.int64]


class Associations(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of the odds ratios of pairs: those of all learned windows together, and their scatter.

    `tables` are four counts a pair (`hythe.statistics.dependence.tables`). Of each pair `scale` is the mean
    square by which a window's log odds ratio is off that of the others, in units of what independent rows
    would be, with `df` degrees of freedom; `weight` and `apart` are as those of a `Variation`.
    """

    tables: tuple[int, ...]
    scale: tuple[float, ...]
    df: tuple[float, ...]
    weight: tuple[float, ...]
    apart: float

    def p_values(self, tables: Sequence[int]) -> list[float]:
        """Test for each pair whether a window's odds ratio is drawn like the learned ones."""
        now, learned = _tables(tables), _tables(self.tables)
        if not len(now):
            return []
        ratio = (1.0 + self.apart) / (_variance(now) + _variance(learned)) / np.asarray(self.weight)
        found: list[float] = predicted_p(_z(now, learned), self.scale, self.df, ratio).tolist()
        return found


def associate(starts: Sequence[int], tables: Tables, period_s: int) -> Associations:
    """Learn from windows that began at `starts` (ascending) and counted `tables` [windows, pairs, 4].

    The variation of a log odds ratio between windows is about normal, and adds to its variance from chance
    (Woolf 1955), as in meta-analysis with random effects (DerSimonian & Laird 1986). Windows of all times
    are taken together: seasons of the margins leave odds ratios alone.
    """
    n = tables.sum(axis=-1).max(axis=-1).astype(np.float64)
    levels = Levels(np.asarray(starts, dtype=np.int64), Slots.of(np.zeros(len(n), dtype=np.int64)), n)
    others = tables.sum(axis=0) - tables
    chance = _variance(tables) + _variance(others)
    z = (_log_odds(tables) - _log_odds(others)) / np.sqrt(chance)
    memory = memory_of(z, levels.starts, period_s)
    weighs, apart = between(levels, memory, period_s)
    scale = (z**2).mean(axis=0)
    return Associations(
        tables=tuple(tables.sum(axis=0).reshape(-1).tolist()),
        scale=short(scale),
        df=short(degrees(levels, scale, memory)),
        weight=short((weighs[:, None] / chance).mean(axis=0)),
        apart=short([apart[0]])[0],
    )


def _tables(flat: Sequence[int]) -> Tables:
    return np.asarray(flat, dtype=np.int64).reshape(-1, 4)


def _z(now: Tables, learned: Tables) -> Floats:
    """Give the exact test's p-values as distances on the scale of a standard normal variable."""
    from scipy.special import ndtri

    exact = [same_odds_p(one, other) for one, other in zip(now.tolist(), learned.tolist(), strict=True)]
    found: Floats = -ndtri(np.array(exact) / 2.0)
    return found


def _log_odds(tables: Tables) -> Floats:
    low, right, left, high = np.moveaxis(np.log(tables + 0.5), -1, 0)
    found: Floats = low + high - right - left
    return found


def _variance(tables: Tables) -> Floats:
    """Give the variance of log odds ratios that chance makes (Woolf 1955; the half: Gart & Zweifel 1967)."""
    found: Floats = (1.0 / (tables + 0.5)).sum(axis=-1)
    return found
