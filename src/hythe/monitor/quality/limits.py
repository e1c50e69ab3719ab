"""Shares that may not be exceeded: when it is sure that one is, whatever chance did."""

from __future__ import annotations

CHANCE = 1e-9
"""How often a share that is within its limit is taken for one beyond it, at most."""


def lower_bound(found: int, n: int, chance: float = CHANCE) -> float:
    """Give the share below which `found` of `n` or more are rarer than `chance` (Clopper & Pearson 1934).

    >>> lower_bound(0, 100), round(lower_bound(100, 100, 0.05), 4)
    (0.0, 0.9705)
    """
    if not found:
        return 0.0
    from scipy.special import betaincinv

    return float(betaincinv(found, n - found + 1, chance))


def upper_bound(found: int, n: int, chance: float = CHANCE) -> float:
    """Give the share above which `found` of `n` or fewer are rarer than `chance`.

    >>> round(upper_bound(0, 100, 0.05), 4), upper_bound(3, 3)
    (0.0295, 1.0)
    """
    return 1.0 - lower_bound(n - found, n, chance)
