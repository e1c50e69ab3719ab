"""What happens to rows: seven kinds of change, small enough that not every window of 200 rows shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sharp.data import Population

Apply = Callable[[pd.DataFrame, Population, int, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is made to the rows of the windows after it; `apply` is told how many came before."""

    name: str
    apply: Apply

    def __call__(
        self, rows: pd.DataFrame, population: Population, place: int, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Give the rows of a window, changed."""
        changed = rows.copy()
        self.apply(changed, population, place, rng)
        return changed


def _mean(rows: pd.DataFrame, population: Population, _place: int, _rng: np.random.Generator) -> None:
    whole = population.rows[population.feature]
    rows[population.feature] += 0.3 * whole.std()


def _scale(rows: pd.DataFrame, population: Population, _place: int, _rng: np.random.Generator) -> None:
    whole = population.rows[population.feature]
    rows[population.feature] = whole.mean() + 1.4 * (rows[population.feature] - whole.mean())


def _shape(rows: pd.DataFrame, population: Population, _place: int, rng: np.random.Generator) -> None:
    """Put half of the values one standard deviation to either side; mean and spread stay."""
    whole = population.rows[population.feature]
    sides = whole.mean() + whole.std() * rng.choice([-1.0, 1.0], len(rows))
    near = sides + 0.1 * whole.std() * rng.normal(size=len(rows))
    taken = (rng.random(len(rows)) < 0.25) & rows[population.feature].notna()
    rows.loc[taken, population.feature] = near[taken]


def _category(rows: pd.DataFrame, population: Population, _place: int, rng: np.random.Generator) -> None:
    rows.loc[rng.random(len(rows)) < 0.03, population.category] = "new"


def _nulls(rows: pd.DataFrame, population: Population, place: int, rng: np.random.Generator) -> None:
    rows.loc[rng.random(len(rows)) < 0.02 * (place + 1), population.feature] = np.nan


def _swapped(rows: pd.DataFrame, population: Population, _place: int, _rng: np.random.Generator) -> None:
    one, other = population.twins
    rows[[one, other]] = rows[[other, one]].to_numpy()


def _units(rows: pd.DataFrame, population: Population, _place: int, rng: np.random.Generator) -> None:
    """Let one source of ten tell inches, where all the others tell centimetres."""
    taken = rng.random(len(rows)) < 0.1
    rows.loc[taken, population.feature] /= 2.54


CHANGES = [
    Change("mean + 0.3 sd", _mean),
    Change("scale * 1.4", _scale),
    Change("shape, same mean and sd", _shape),
    Change("a new category, 3%", _category),
    Change("nulls + 2% each window", _nulls),
    Change("swapped columns of like margins", _swapped),
    Change("inches for centimetres, 10%", _units),
]
