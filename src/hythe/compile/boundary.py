"""Find where the original jumps, by asking it: rows close to both sides of a jump are hard for a variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Column, Schema
from hythe.compile.adversarial import ProofRows
from hythe.compile.cells import complete_rows, floats, from_floats, is_float, is_number
from hythe.compile.compare import LABEL, by_row
from hythe.compile.refusals import Predict, ask

KIND = "boundary"
SEGMENTS = 128
_SECTIONS = 8
_STEPS = 11
_CALLS_A_STEP = 32
_STAND_OFF = 1e-9
_STAND_OFF_SINGLE = 1e-5
_STEADY = 1e-3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Segments:
    """Ways between two values in one column of otherwise unchanged rows; `column[i]` is a position."""

    base: pa.Table
    schema: Schema
    column: NDArray[np.int64]

    def at(self, values: Floats) -> pa.Table:
        """Make the rows whose moving cell has `values` [segments · points], point after point."""
        table = self.base.take(
            pa.array(np.tile(np.arange(self.column.size), values.size // self.column.size))
        )
        moving = np.tile(self.column, values.size // self.column.size)
        for index in np.unique(moving):
            position = table.schema.get_field_index(self.schema.columns[index].name)
            field = table.schema.field(position)
            cells = np.where(moving == index, values, floats(table.column(position)))
            table = table.set_column(position, field, from_floats(cells, field.type))
        return table


def with_boundaries(
    tried: ProofRows, original: Predict, examples: Rows, schema: Schema, *, seed: int = 0
) -> ProofRows:
    """Add rows from both sides of the original's jumps to proof rows."""
    rows = boundary_rows(original, examples, schema, seed=seed)
    return tried if rows is None else tried.joined(rows, KIND)


def boundary_rows(
    original: Predict, examples: Rows, schema: Schema, *, seed: int = 0, segments: int = SEGMENTS
) -> pa.Table | None:
    """Find jumps of the original along single number columns; None where there are no such columns.

    Between the cells of two example rows a column is cut into sections, the one with the greatest jump is
    cut again, and so on, all segments in one call a step (about a dozen calls). The rows come from both sides
    of what jumps still, at a distance of a billionth: far enough for honest rounding, and too near for
    arithmetic in float32.
    """
    numbers = [i for i, column in enumerate(schema.columns) if is_number(column) and column.type != "bool"]
    if not isinstance(examples, pa.Table) or not numbers:
        return None
    rng = np.random.default_rng(seed)
    complete = complete_rows(examples)
    column = np.resize(np.array(numbers), segments)
    base = examples.take(pa.array(rng.choice(complete, segments)))
    ways = _Segments(base, schema, column)
    low, high = _ends(ways, examples.take(pa.array(rng.choice(complete, segments))))
    low, high, steady = _narrowed(original, ways, low, high)
    kept = np.flatnonzero(steady)
    whole = np.array([not is_float(schema.columns[i]) for i in column])
    apart = np.where(whole, 0.0, _stand_off(schema, column) * np.maximum(np.abs(low), np.abs(high)))
    rows = ways.at(np.concatenate([low - apart, high + apart]))
    return rows.take(pa.array(np.concatenate([kept, kept + segments])))


def _ends(ways: _Segments, others: pa.Table) -> tuple[Floats, Floats]:
    """Read each segment's cell in its own row and in another; the lower one first."""
    ends = []
    for table in (ways.base, others):
        cells = {i: floats(table.column(ways.schema.columns[i].name)) for i in np.unique(ways.column)}
        ends.append(np.array([cells[i][row] for row, i in enumerate(ways.column)]))
    first, second = (np.where(np.isfinite(end), end, 0.0) for end in ends)
    return np.minimum(first, second), np.maximum(first, second)


def _narrowed(
    original: Predict, ways: _Segments, low: Floats, high: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Cut down to the section with the greatest jump, again and again; tell which kept their jump."""
    first = last = np.zeros(low.size)
    for step in range(_STEPS):
        points = low + (high - low) * np.linspace(0.0, 1.0, _SECTIONS + 1)[:, None]
        points = _held(points, ways)
        outcome, _ = ask(original, ways.at(points.ravel()), calls=_CALLS_A_STEP)
        jumps = _jumps(outcome, _SECTIONS + 1)
        section, where = jumps.argmax(axis=0), np.arange(low.size)
        last = jumps[section, where]
        first = last if step == 0 else first
        low, high = points[section, where], points[section + 1, where]
    return low, high, (last > _STEADY * first) & (last > 0.0) & (low < high)


def _held(points: Floats, ways: _Segments) -> Floats:
    """Round the points to what their columns can hold."""
    whole = np.array([not is_float(ways.schema.columns[i]) for i in ways.column])
    single = np.array([ways.schema.columns[i].type == "float32" for i in ways.column])
    points = np.where(whole, np.floor(points), points)
    with np.errstate(over="ignore"):
        return np.where(single, points.astype(np.float32).astype(np.float64), points)


def _jumps(outcome: Outcome, points: int) -> Floats:
    """Measure how far the answers of neighbouring points lie apart, [points - 1, segments]."""
    jumps: Any = 0.0
    for name, values in outcome.answers.items():
        cells = by_row(values)
        cells = cells.reshape(points, -1, cells.shape[1])
        jumps = np.maximum(jumps, _apart(cells[:-1], cells[1:], name))
    refused = outcome.refused.reshape(points, -1)
    return np.where(refused[:-1] | refused[1:], 0.0, jumps)


def _apart(left: Array, right: Array, name: str) -> Floats:
    if name == LABEL or left.dtype.kind not in "fiu":
        return np.asarray((left != right).any(axis=2), dtype=np.float64)
    with np.errstate(all="ignore"):
        apart = np.abs(left.astype(np.float64) - right.astype(np.float64))
    return np.asarray(np.where(np.isfinite(apart), apart, 0.0).max(axis=2, initial=0.0))


def _stand_off(schema: Schema, column: NDArray[np.int64]) -> Floats:
    kinds: list[Column] = [schema.columns[i] for i in column]
    return np.array([_STAND_OFF_SINGLE if kind.type == "float32" else _STAND_OFF for kind in kinds])
