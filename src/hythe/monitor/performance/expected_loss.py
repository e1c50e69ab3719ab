"""How far off numbers are likely to be, without labels: direct loss estimation over the cells of rows.

It is right while P(outcome | features) is what it was. Intervals cover the metric that labels would show on
these same rows: they hold the spread of the errors themselves, and that of the reference's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from hythe.bundle.loss_model import LossModel
from hythe.monitor.performance.intervals import above_zero, root
from hythe.monitor.performance.measured import Estimate, Floats, Measured
from hythe.statistics.places import Places

_LEAST = 0.01
"""Trees may add up to less than no error; this share of the reference's is the least."""


def estimate_numbers(
    model: LossModel, cells: Mapping[str, Places], reference: Mapping[str, Floats]
) -> Estimate | None:
    """Estimate from the cells of rows by subject (`feature:NAME`, `output:NAME`); None for no rows.

    `reference` has the baseline's counts of the same subjects' cells.
    """
    n = len(next(iter(cells.values()), ()))
    if not n:
        return None
    codes = model.codes(cells, n)
    least = model.absolute.start * model.absolute.unit * _LEAST
    absolute = max(float(model.absolute.predict(codes).mean()), least)
    squared = max(float(model.squared.predict(codes).mean()), absolute**2)
    known = [each.name for each in model.subjects if each.name in cells and each.name in reference]
    drawn = [_drawn(cells[name], reference[name]) for name in known]
    rows = 1.0 / n + max([_weight(*pair) for pair in drawn], default=1.0) / model.rows
    unknown = max([float(share[counts == 0].sum()) for share, counts in drawn], default=0.0)
    return Estimate(n, unknown, _metrics(model, absolute, squared, rows, n))


def _drawn(cells: Places, counts: Floats) -> tuple[Floats, Floats]:
    """Give the share of rows in each cell, beside the reference's counts."""
    return np.bincount(cells, minlength=len(counts)) / len(cells), counts


def _metrics(
    model: LossModel, absolute: float, squared: float, rows: float, n: int
) -> tuple[Measured, Measured]:
    """Make metrics of both means; `rows` is what their variance is multiplied by.

    Var |e| is E e² - (E |e|)² at most, and the fourth moment keeps its ratio to the second.
    """
    error = math.sqrt(max(0.0, squared - absolute**2) * rows)
    wide = math.sqrt(max(0.0, model.fourth - 1.0) * rows) * squared
    value = math.sqrt(squared)
    return (
        Measured(
            name="mae", value=absolute, n=n, units=n, error=error, better="lower",
            interval=partial(above_zero, absolute, error, n),
        ),
        Measured(
            name="rmse", value=value, n=n, units=n, error=wide / (2.0 * value) if value else 0.0,
            better="lower", interval=partial(root, squared, wide, n),
        ),
    )  # fmt: skip


def _weight(shares: Floats, counts: Floats) -> float:
    """Give Σ wᵢ²/vᵢ over cells, of rows and reference: by how much weighting widens the reference's error."""
    filled = counts > 0
    before = counts[filled] / counts.sum()
    return max(1.0, float(np.sum(shares[filled] ** 2 / before)))
