"""The baseline: what the reference data and the model's answers to them look like, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hythe.bundle.canonical import canonical
from hythe.bundle.documents import decode
from hythe.bundle.importances import Importances, Predict, importances
from hythe.bundle.loss_model import LossModel
from hythe.bundle.outcome import Outcome
from hythe.bundle.pairs import Pairs, pair
from hythe.bundle.reference_cells import kept_features, loss_model
from hythe.bundle.repeats import Repeats, repeats_of
from hythe.bundle.rows import Rows, count
from hythe.bundle.schema import Column, Output, Schema
from hythe.bundle.score_cells import ScoreCells, score_cells
from hythe.bundle.summary import (
    Summary,
    column_numbers,
    output_parts,
    summarise_array,
    summarise_column,
    summarise_output,
)
from hythe.bundle.truth import Calibration, Residuals, Truth
from hythe.statistics.correlation import Triangle, pearson, spearman

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CORRELATED = 64
"""How many number columns are correlated at most: the first ones."""
_MOST_CORRELATED_ROWS = 50_000


class Correlations(msgspec.Struct, frozen=True):
    """Correlations of each column with those before it: `pearson[i][j]` is of columns i and j < i.

    Over the rows where both are finite; None where one does not vary.
    """

    columns: tuple[str, ...]
    pearson: Triangle
    spearman: Triangle


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """What monitoring compares with: a function of the rows, the model and the seed alone.

    `rows` were given, `refused` of them by the model; features are summarised over all rows, outputs over
    the answered ones. An output of several columns has an entry for each: `probabilities[yes]`. Targets give
    `calibration`, and what performance is estimated from where no labels come: `score_cells` of
    probabilities, the `loss_model` of numbers. `repeats` tells how many of the rows are equal.
    """

    rows: int
    refused: int
    features: dict[str, Summary]
    outputs: dict[str, Summary]
    correlations: Correlations | None = None
    importances: Importances | None = None
    calibration: Calibration | Residuals | None = None
    score_cells: tuple[ScoreCells, ...] = ()
    loss_model: LossModel | None = None
    pairs: Pairs | None = None
    repeats: Repeats | None = None

    def encode(self) -> bytes:
        """Write canonical JSON."""
        return canonical(self)

    @classmethod
    def decode(cls, raw: bytes) -> Baseline:
        """Read what `encode` wrote; raises Corrupt when it cannot be read."""
        return decode(raw, cls, "the baseline")


def compute(
    rows: Rows,
    schema: Schema,
    outcome: Outcome,
    *,
    targets: Any = None,
    predict: Predict | None = None,
    seed: int = 0,
) -> Baseline:
    """Compute the baseline from conformed reference rows and the model's outcome on them.

    `targets`, one for each row, give calibration; `predict` gives importances, at the cost of at most
    `importances.ROW_BUDGET` answered rows. Everything but importances is the same in any order of rows, and
    so are `pairs` while there are at most 16 number columns to choose from.

    Raises:
        Invalid: when there are not as many targets as rows.

    """
    truth = None if targets is None else Truth.of(targets, outcome, schema)
    features, outputs = _features(rows, schema), _outputs(outcome, schema)
    shuffled = None if predict is None else importances(rows, outcome, predict, truth, seed=seed)
    important = {} if shuffled is None else shuffled.change
    kept = {name: features[name] for name in kept_features(features, shuffled)}
    return Baseline(
        rows=count(rows),
        refused=int(outcome.refused.sum()),
        features=features,
        outputs=outputs,
        correlations=_correlations(rows, schema) if not isinstance(rows, Mapping) else None,
        importances=shuffled,
        calibration=None if truth is None else truth.calibration(outcome),
        score_cells=() if truth is None else score_cells(truth, outcome, outputs),
        loss_model=None if truth is None else loss_model(truth, outcome, rows, schema, kept, outputs),
        pairs=pair(rows, schema, features, important) if not isinstance(rows, Mapping) else None,
        repeats=repeats_of(rows, schema, features),
    )


def _features(rows: Rows, schema: Schema) -> dict[str, Summary]:
    if isinstance(rows, Mapping):
        return {name: summarise_array(values) for name, values in rows.items()}
    return {column.name: summarise_column(rows.column(column.name), column) for column in schema.columns}


def _outputs(outcome: Outcome, schema: Schema) -> dict[str, Summary]:
    """Summarise the answers; an output that the schema does not describe is taken as it comes."""
    known: Mapping[str, Output] = {output.name: output for output in schema.outputs}
    found: dict[str, Summary] = {}
    for name, values in outcome.answers.items():
        output = known.get(name) or Output(name, str(values.dtype), values.shape[1:])
        for part, cells in output_parts(values[~outcome.refused], output):
            found[part] = summarise_output(cells, output)
    return found


def _correlations(rows: pa.Table, schema: Schema) -> Correlations | None:
    columns = [column for column in schema.columns if _is_number(column)][:MOST_CORRELATED]
    if len(columns) < 2:  # noqa: PLR2004 - a pair
        return None
    step = -(-rows.num_rows // _MOST_CORRELATED_ROWS) or 1
    matrix = np.empty((len(range(0, rows.num_rows, step)), len(columns)))
    for index, column in enumerate(columns):
        numbers, missing = column_numbers(rows.column(column.name), column)
        matrix[:, index] = np.where(missing, np.nan, numbers)[::step]
    return Correlations(tuple(column.name for column in columns), pearson(matrix), spearman(matrix))


def _is_number(column: Column) -> bool:
    return column.type not in {"string", "category", "bool", "timestamp"}
