"""One story: a baseline, and the windows that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sharp.changes import Change
from sharp.data import Population

BASELINE_ROWS, WINDOW_ROWS, WINDOWS = 2000, 200, 10


@dataclass(frozen=True, slots=True)
class Sequence:
    """The rows of a baseline, and of ten windows: of the same population, or changed from the first on."""

    baseline: pd.DataFrame
    windows: list[pd.DataFrame]


def sequences(
    population: Population, change: Change | None, n: int, rng: np.random.Generator
) -> list[Sequence]:
    """Draw stories, each with a baseline of its own."""
    found = []
    for _ in range(n):
        windows = [population.draw(WINDOW_ROWS, rng) for _ in range(WINDOWS)]
        if change is not None:
            windows = [change(rows, population, place, rng) for place, rows in enumerate(windows)]
        found.append(Sequence(population.draw(BASELINE_ROWS, rng), windows))
    return found
