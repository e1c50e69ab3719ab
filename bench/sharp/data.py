"""Real data sets as populations from which baselines and windows are drawn, rows with replacement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from palmerpenguins import load_penguins
from sklearn.datasets import load_breast_cancer, load_diabetes


@dataclass(frozen=True, slots=True)
class Population:
    """Rows to draw from: `feature` is the number that changes, `category` the category that gets a value.

    `twins` are two columns with one and the same distribution, which depend on the others differently.
    """

    name: str
    rows: pd.DataFrame
    feature: str
    category: str
    twins: tuple[str, str]

    def draw(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw rows."""
        return self.rows.iloc[rng.integers(0, len(self.rows), n)].reset_index(drop=True)


def populations() -> list[Population]:
    """Load those data sets that come with installed packages."""
    return [_penguins(), _breast_cancer(), _diabetes()]


def _penguins() -> Population:
    rows = load_penguins().drop(columns="year")
    return _population("penguins", rows, "bill_depth_mm", "island", ("bill_length_mm", "flipper_length_mm"))


def _breast_cancer() -> Population:
    loaded = load_breast_cancer(as_frame=True)
    chosen = ["mean radius", "mean texture", "mean smoothness", "mean symmetry", "radius error", "worst area"]
    rows = loaded.data[[*chosen, "worst concavity", "worst fractal dimension"]].copy()
    rows["diagnosis"] = np.where(loaded.target == 0, "malignant", "benign")
    return _population("breast cancer", rows, "mean smoothness", "diagnosis", ("mean radius", "mean texture"))


def _diabetes() -> Population:
    rows = load_diabetes(as_frame=True, scaled=False).data.copy()
    rows["sex"] = np.where(rows["sex"] > 1, "two", "one")
    return _population("diabetes", rows, "bmi", "sex", ("s1", "s3"))


def _population(
    name: str, rows: pd.DataFrame, feature: str, category: str, twins: tuple[str, str]
) -> Population:
    """Give the second of the twins the values of the first, in the order of its own."""
    one, other = twins
    known = rows[[one, other]].dropna()
    order = known[other].rank(method="first").astype(int) - 1
    rows.loc[known.index, other] = known[one].sort_values().to_numpy()[order]
    return Population(name, rows, feature, category, twins)
