"""The answers of a version that is asked now, and how right they are where targets came with the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hythe.base.errors import CallerError
from hythe.bundle.conform import conform
from hythe.bundle.outcome import Outcome, joined
from hythe.bundle.rows import Array
from hythe.bundle.summary import output_parts
from hythe.monitor.finding import Finding
from hythe.operations.drift.cells import numbers_of, plain
from hythe.operations.drift.outputs import Answered
from hythe.operations.drift.text_cells import readable
from hythe.operations.monitoring.offline_performance import OfflinePerformance

if TYPE_CHECKING:
    import pyarrow as pa

    from hythe.runtime.predictor import Predictor

PREDICTED_ROWS = 4096


class Predicted:
    """The version answers the rows now; those that a server would refuse are left out.

    Where rows have a `target` column, their answers are held against it. With `is_text` every cell is text.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        is_text: bool = False,
        target: str = "",
        performance: OfflinePerformance | None = None,
    ) -> None:
        self._predictor, self._is_text = predictor, is_text
        self._target, self._performance = target, performance
        self._known = {output.name: output for output in predictor.schema.outputs}
        self.columns: tuple[str, ...] = (target,) if target else ()

    def __call__(self, batch: pa.RecordBatch) -> Answered:
        """Ask the model."""
        import pyarrow as pa

        schema = self._predictor.schema
        rows = readable(batch, schema) if self._is_text else batch
        known = {item.name for item in schema.inputs}
        table = pa.Table.from_batches([rows.select([name for name in rows.schema.names if name in known])])
        targets = self._targets(rows) if self._target and self._target in rows.schema.names else None
        parts = [
            self._asked(
                table.slice(start, PREDICTED_ROWS),
                None if targets is None else targets[start : start + PREDICTED_ROWS],
            )
            for start in range(0, table.num_rows, PREDICTED_ROWS)
        ]
        return self._answered(parts)

    def findings(self, alpha: float) -> list[Finding]:
        """Say how right the answers were, at the level `alpha`; nothing without targets."""
        return [] if self._performance is None else self._performance.findings(alpha)

    def _answered(self, parts: list[Outcome]) -> Answered:
        if not parts:
            return Answered(0, {})
        found = joined(parts)
        kept = ~found.refused
        arrays = [(name, values[kept]) for name, values in found.answers.items()]
        return Answered(
            int(kept.sum()),
            {
                part: cells
                for name, values in arrays
                for part, cells in output_parts(values, self._known[name])
            },
        )

    def _targets(self, rows: pa.RecordBatch) -> Array:
        """Read the targets as what the model answers: numbers, NaN where there is none, or text."""
        values = plain(rows.column(self._target))
        classes = [name for output in self._predictor.schema.outputs for name in output.classes or ()]
        if self._is_text and not any(isinstance(name, str) for name in classes):
            values, _ = numbers_of(values, truth=any(isinstance(name, bool) for name in classes))
        found: Array = values.to_numpy(zero_copy_only=False)
        return found

    def _asked(self, rows: pa.Table, targets: Array | None) -> Outcome:
        """Ask for all rows, and where one of them does not fit, for each half, to find it."""
        try:
            fitting = conform(rows, self._predictor.schema)
            outcome = self._predictor.stored(fitting)
        except CallerError:
            if rows.num_rows == 1:
                return Outcome({}, np.ones(1, dtype=np.bool_))
            half = rows.num_rows // 2
            return joined(
                [
                    self._asked(rows.slice(0, half), None if targets is None else targets[:half]),
                    self._asked(rows.slice(half), None if targets is None else targets[half:]),
                ]
            )
        if targets is not None and self._performance is not None:
            self._performance.add(fitting, outcome, targets)
        return outcome
