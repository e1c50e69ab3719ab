"""What baselines keep for estimating performance without labels: how reference rows came out, by cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.importances import Importances
from hythe.bundle.loss_model import LossModel, learn
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows, take
from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import Summary, column_numbers
from hythe.bundle.truth import VALUE, Truth
from hythe.statistics.bins import NumberBins
from hythe.statistics.places import places

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROWS = 20_000

MOST_FEATURES = 64
"""The cells of so many features are kept of single rows, those that matter most to the answers."""
_MOST_CELLS = 255


def kept_features(features: Mapping[str, Summary], importances: Importances | None) -> tuple[str, ...]:
    """Name the features whose cells are kept of single rows, in the order of their names.

    They have at most 255 cells, for a byte is kept of each.
    """
    fit = sorted(name for name, summary in features.items() if summary.counts.bins.cells <= _MOST_CELLS)
    matter = importances.change if importances is not None else {}
    return tuple(sorted(sorted(fit, key=lambda name: -matter.get(name, 0.0))[:MOST_FEATURES]))


def loss_model(
    truth: Truth,
    outcome: Outcome,
    rows: Rows,
    schema: Schema,
    features: Mapping[str, Summary],
    outputs: Mapping[str, Summary],
) -> LossModel | None:
    """Learn how far off answers are from up to 20,000 of the rows; None where answers are no numbers.

    `features` are those that are kept of single rows.
    """
    answers, summary = outcome.answers.get(VALUE), outputs.get(VALUE)
    targets = truth.targets
    if answers is None or summary is None or answers.ndim != 1 or targets.shape != answers.shape:
        return None
    if targets.dtype.kind not in "iuf":
        return None
    usable = np.flatnonzero(~outcome.refused & np.isfinite(targets) & np.isfinite(answers))
    usable = usable[:: -(-len(usable) // _MOST_ROWS) or 1]
    told = answers[usable].astype(np.float64)
    with np.errstate(over="ignore"):
        errors = targets[usable].astype(np.float64) - told
    cells = {f"output:{VALUE}": (places(summary.counts.bins, told), summary.counts.bins.cells)}
    if not isinstance(rows, Mapping):
        cells |= feature_cells(take(rows, usable), schema, features)
    return learn(cells, errors, [name for name in cells if _unordered(name, features)])


def feature_cells(rows: pa.Table, schema: Schema, features: Mapping[str, Summary]) -> dict[str, Any]:
    """Give the cell of every row's value, by `feature:NAME`, with the number of cells."""
    found = {}
    for column in schema.columns:
        if column.name in features:
            bins = features[column.name].counts.bins
            found[f"feature:{column.name}"] = (_column(rows.column(column.name), column, bins), bins.cells)
    return found


def _unordered(subject: str, features: Mapping[str, Summary]) -> bool:
    """Tell whether a feature's cells are values without an order."""
    kind, _, name = subject.partition(":")
    return kind == "feature" and not isinstance(features[name].counts.bins, NumberBins)


def _column(values: Any, column: Column, bins: Any) -> NDArray[np.intp]:
    if isinstance(bins, NumberBins):
        return places(bins, *column_numbers(values, column))
    return places(bins, values.to_pylist())
