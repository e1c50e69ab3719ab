"""Rows placed where trees change their minds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def beside_thresholds(
    rows: NDArray[np.float64], points: Mapping[int, NDArray[np.float64]], *, seed: int = 0
) -> NDArray[np.float64]:
    """Move cells of `rows` onto `points` of their column, or to a neighbour in float64 or float32.

    One cell in six stays, so that rows still walk deep into the trees.

    >>> moved = beside_thresholds(np.zeros((9, 2)), {1: np.array([4.0])})
    >>> bool(np.all(moved[:, 0] == 0.0)), bool(np.all((moved[:, 1] == 0.0) | (abs(moved[:, 1] - 4.0) < 1e-6)))
    (True, True)
    """
    rng = np.random.default_rng(seed)
    moved = rows.astype(np.float64)
    for column, thresholds in points.items():
        if thresholds.size:
            chosen = rng.choice(np.unique(thresholds), len(rows))
            sides = np.stack([moved[:, column], *_around(chosen)])
            moved[:, column] = sides[rng.integers(0, len(sides), len(rows)), np.arange(len(rows))]
    return moved


def _around(points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    up, down = np.float32(np.inf), np.float32(-np.inf)
    with np.errstate(over="ignore"):
        single = points.astype(np.float32)
        return [
            points,
            np.nextafter(points, np.inf),
            np.nextafter(points, -np.inf),
            np.nextafter(single, up).astype(np.float64),
            np.nextafter(single, down).astype(np.float64),
        ]
