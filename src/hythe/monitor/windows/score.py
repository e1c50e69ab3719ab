"""What a request was predicted, as one number between 0 and 1 that versions can be compared by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.baseline import Baseline
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output, Scalar
from hythe.monitor.records.arrays import Arrays, Cut, Cuts, as_array
from hythe.monitor.records.call import PART, UNSEEN
from hythe.monitor.records.calls import Calls
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord

_NO_REQUEST = PART | UNSEEN
UNIT = 1000
"""Predictions are counted in whole parts of one."""


class Score(NamedTuple):
    """Where a prediction is in a version's outputs, and the range that it is scaled by.

    Of an output with classes it is the probability of the last one, `label`; where the classes are answered
    themselves, whether it was that one. Of numbers it is the value, or the first of several.
    """

    output: str
    low: float = 0.0
    high: float = 1.0
    label: Scalar | None = None
    last: bool = False

    @classmethod
    def of(cls, outputs: Sequence[Output], baseline: Baseline | None) -> Score | None:
        """Find the score of a version with these outputs; None where it has none, or its range is unknown."""
        for output in outputs:
            if output.classes and len(output.shape) <= 1:
                return cls(output.name, label=output.classes[-1], last=bool(output.shape))
        for output in outputs:
            if len(output.shape) <= 1 and output.name != "label":
                found = _range(output, baseline)
                if found is not None:
                    return cls(output.name, *found)
        return None

    def of_requests(self, calls: Calls, outputs: Arrays) -> NDArray[np.float64]:
        """Give the mean score, 0 to 1, of each of the `calls`, whose rows are those of `outputs` in turn.

        NaN where there is none: no answer, no number, a request of no caller. Of a request in parts it is the
        last part's.
        """
        found = np.full(len(calls), np.nan)
        if self.output not in outputs:
            return found
        scores = self._scaled(as_array(outputs[self.output]))
        outcomes, others = wide(calls.outcome, len(calls)), calls.having(_NO_REQUEST)
        scored = np.array([outcome == "answered" for outcome in outcomes], dtype=np.bool_)
        if others is not None:
            scored &= ~np.array(others, dtype=np.bool_)
        if calls.rows == 1:
            return np.where(scored, scores, np.nan)
        sizes = np.array(wide(calls.rows, len(calls)), dtype=np.int64)
        ends = np.cumsum(sizes)
        for place in np.flatnonzero(scored & (sizes > 0)).tolist():
            found[place] = scores[ends[place] - sizes[place] : ends[place]].mean()
        return found

    def of_rows(self, outputs: Arrays, start: int, stop: int) -> float | None:
        """Give the mean score of the rows from `start` to `stop`; None where there is none."""
        if self.output not in outputs or start == stop:
            return None
        found = float(self._scaled(as_array(outputs[self.output])[start:stop]).mean())
        return None if math.isnan(found) else found

    def of_records(self, records: Iterable[BatchRecord]) -> NDArray[np.float64]:
        """Give what `of_requests` does for all requests of `records`, those of one layout together."""
        found: list[NDArray[np.float64]] = []
        layouts: dict[Cuts, list[BatchRecord]] = {}
        for record in records:
            if isinstance(record.outputs, Cut):
                layouts.setdefault(record.outputs.cuts, []).append(record)
            else:
                found.append(self.of_requests(record.calls, record.outputs))
        for cuts, those in layouts.items():
            calls = Calls.stacked([record.calls for record in those])
            outputs = {}
            if self.output in cuts.names:
                outputs = {self.output: cuts.joined(self.output, [record.outputs for record in those])}  # type: ignore[misc]  # all are Cuts
            found.append(self.of_requests(calls, outputs))
        return np.concatenate(found) if found else np.empty(0)

    def _scaled(self, values: Array) -> NDArray[np.float64]:
        """Give the score of each row."""
        if self.label is not None and not self.last:
            return np.array([value == self.label for value in values.tolist()], dtype=np.float64)
        if values.dtype.kind not in "biuf":
            return np.full(len(values), np.nan)
        column = values[:, -1 if self.last else 0] if values.ndim > 1 else values
        scaled = (column.astype(np.float64) - self.low) / (self.high - self.low)
        clipped: NDArray[np.float64] = np.clip(scaled, 0.0, 1.0)
        return clipped


def _range(output: Output, baseline: Baseline | None) -> tuple[float, float] | None:
    """Give the least and the greatest value of an output in the baseline."""
    if baseline is None:
        return None
    summary = baseline.outputs.get(output.name) or baseline.outputs.get(f"{output.name}[0]")
    moments = None if summary is None else summary.moments
    if moments is None or moments.minimum is None or moments.maximum is None:
        return None
    return (moments.minimum, moments.maximum) if moments.minimum < moments.maximum else None
