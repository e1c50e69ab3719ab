"""In which directions a distribution over cells may move: each cell's share, and shares up to a border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_CUTS = 15
FIRST_NUMBER = 2
"""The first cell of numbers; those before are missing and NaN."""


def choose_cuts(cells: NDArray[np.int64]) -> tuple[int, ...]:
    """Choose at most 15 borders between cells of numbers that part them into about equally many values.

    A cut c stands for the numbers in the cells before c.

    >>> choose_cuts(np.array([9, 0, 0, 5, 5, 5, 5, 0]))
    (4, 5, 6)
    """
    below = np.cumsum(cells[FIRST_NUMBER:])
    total = int(below[-1]) if below.size else 0
    wanted = np.arange(1, MOST_CUTS + 1) * total / (MOST_CUTS + 1)
    places = np.searchsorted(below, wanted)
    return tuple(sorted({int(place) + FIRST_NUMBER + 1 for place in places if below[place] < total}))


def totals(cells: NDArray[np.int64], cuts: tuple[int, ...]) -> Floats:
    """Count what lies in each direction: `cells` [..., k] to [..., k + cuts].

    >>> totals(np.array([1, 0, 0, 2, 3, 4]), (4, 5)).tolist()
    [1.0, 0.0, 0.0, 2.0, 3.0, 4.0, 2.0, 5.0]
    """
    below = np.cumsum(cells[..., FIRST_NUMBER:], axis=-1)
    ends = [cut - FIRST_NUMBER - 1 for cut in cuts]
    return np.concatenate([cells, below[..., ends]], axis=-1).astype(np.float64)
