"""Which proof rows become goldens: the worst, some of every kind, and ordinary ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Outcome

MOST_GOLDENS = 512
_WORST = 64
_PER_KIND = 6
_NOISE = -3.0


def choose_goldens(
    kinds: NDArray[np.str_],
    outcome: Outcome,
    excess: NDArray[np.float64],
    *,
    skip: NDArray[np.bool_] | None = None,
    seed: int = 0,
    limit: int = MOST_GOLDENS,
) -> NDArray[np.int64]:
    """Choose at most `limit` positions of proof rows, in ascending order.

    First the rows on which a variant was worst (`excess` in tolerances, compared by powers of ten, so that
    rounding noise does not choose), then a few of each kind, answered and refused ones apart, then ordinary
    examples. Rows in `skip` (ties) are left out: no answer to them is right.

    >>> kinds = np.array(["example"] * 4 + ["infinite"])
    >>> outcome = Outcome({}, np.array([False] * 4 + [True]))
    >>> {1, 4} <= set(choose_goldens(kinds, outcome, np.array([0.0, 0.5, 0.0, 0.0, 0.0]), limit=3).tolist())
    True
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(kinds.size)
    if skip is not None:
        order = order[~skip[order]]
    telling = [*_worst(order, excess), *_some_of_each(order, kinds, outcome.refused)]
    ordinary = [*order[kinds[order] == "example"], *order]
    chosen = list(dict.fromkeys(int(position) for position in [*telling, *ordinary]))
    return np.sort(np.array(chosen[:limit], dtype=np.int64))


def _worst(order: NDArray[np.int64], excess: NDArray[np.float64]) -> NDArray[np.int64]:
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(excess[order]))
    telling = order[magnitude > _NOISE]
    ranked = np.argsort(-magnitude[magnitude > _NOISE], kind="stable")
    return telling[ranked][:_WORST]


def _some_of_each(
    order: NDArray[np.int64], kinds: NDArray[np.str_], refused: NDArray[np.bool_]
) -> list[np.int64]:
    """Take rows of each kind and outcome in turn, so that a small limit still sees every kind."""
    groups: dict[tuple[str, bool], list[np.int64]] = {}
    for position in order:
        group = groups.setdefault((str(kinds[position]), bool(refused[position])), [])
        if len(group) < _PER_KIND:
            group.append(position)
    ranks = range(max(map(len, groups.values()), default=0))
    return [groups[name][rank] for rank in ranks for name in sorted(groups) if rank < len(groups[name])]
