"""Proof rows: drawn from the example data and built to break converters. Seeded, and never stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.proof import Coverage
from hythe.bundle.rows import Array, Rows, concat, count, take
from hythe.bundle.schema import Schema
from hythe.compile.cells import complete_rows, edited, floats, from_floats, is_number
from hythe.compile.specials import special_edits
from hythe.compile.tensors import tensor_variations
from hythe.compile.thresholds import SplitPoints, chosen, place, rings

BUDGET_ROWS = 40_000
MOST_CELLS = 8_000_000
"""Wide tables get fewer rows, so that proof rows never need more than 64 MB."""
ORDINARY = "example"
_MOST_EXAMPLES = 5000
_MIXED = 512
_REPEATED = 8


@dataclass(frozen=True, slots=True)
class ProofRows:
    """Rows, the kind of each (`example`, `threshold`, `missing`, …), and how many thresholds they hit."""

    rows: Rows
    kinds: NDArray[np.str_]
    coverage: tuple[Coverage, ...] = ()

    def joined(self, rows: Rows, kind: str) -> ProofRows:
        """Add rows of one kind.

        >>> some = ProofRows(pa.table({"x": [1.0]}), np.array(["example"]))
        >>> some.joined(pa.table({"x": [2.0, 3.0]}), "boundary").kinds.tolist()
        ['example', 'boundary', 'boundary']
        """
        if not count(rows):
            return self
        kinds = np.concatenate([self.kinds, np.full(count(rows), kind)])
        return ProofRows(concat([self.rows, rows]), kinds, self.coverage)


def proof_rows(
    examples: Rows,
    schema: Schema,
    split_points: SplitPoints | None = None,
    *,
    seed: int = 0,
    budget: int = BUDGET_ROWS,
) -> ProofRows:
    """Make at most about `budget` proof rows; the same arguments always make the same rows.

    A quarter of the budget, up to 5,000 rows, goes to the examples themselves, what is left over to the
    `split_points`.

    Raises:
        Invalid: when there are no examples.

    """
    if not count(examples):
        raise Invalid("there are no example rows to make proof rows from; pass at least one")
    rng = np.random.default_rng(seed)
    if not isinstance(examples, pa.Table):
        return _tensor_proof_rows(examples, rng, budget)
    return _table_proof_rows(examples, schema, split_points or {}, rng, budget)


def _table_proof_rows(
    examples: pa.Table, schema: Schema, split_points: SplitPoints, rng: np.random.Generator, budget: int
) -> ProofRows:
    room = max(min(budget, MOST_CELLS // max(examples.num_columns, 1)), 64)
    specials = special_edits(examples, schema, rng)
    ordinary = sample(examples, min(_MOST_EXAMPLES, room // 4), rng)
    tables = {
        ORDINARY: ordinary,
        "mixed": _mixed(examples, min(_MIXED, room // 8), rng),
        "duplicate": take(ordinary, np.zeros(_REPEATED)),
    }
    special = _special_rows(examples, specials, rng)
    left = max(room - sum(map(count, tables.values())) - special.num_rows, room // 4)
    thresholds, coverage = _threshold_rows(examples, schema, split_points, left, rng)
    tables["threshold"] = thresholds
    kinds = [np.full(count(rows), kind) for kind, rows in tables.items()]
    kinds.append(np.array([kind for kind, _ in specials], dtype=np.str_))
    return ProofRows(concat([*tables.values(), special]), np.concatenate(kinds), coverage)


def _tensor_proof_rows(examples: Mapping[str, Array], rng: np.random.Generator, budget: int) -> ProofRows:
    cells = sum(values[:1].size for values in examples.values())
    room = max(min(budget, MOST_CELLS // max(cells, 1)), 64)
    parts: dict[str, Rows] = {ORDINARY: sample(examples, min(_MOST_EXAMPLES, room // 4), rng)}
    parts |= tensor_variations(examples, rng, min(_MIXED, room // 8))
    kinds = np.concatenate([np.full(count(rows), kind) for kind, rows in parts.items()])
    return ProofRows(concat(list(parts.values())), kinds)


def sample(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    """Take at most `most` rows at random, in their order."""
    total = count(rows)
    return rows if total <= most else take(rows, np.sort(rng.choice(total, most, replace=False)))


def _special_rows(
    examples: pa.Table, specials: Sequence[tuple[str, Mapping[str, object]]], rng: np.random.Generator
) -> pa.Table:
    """Change cells in ordinary rows, complete ones where there are any."""
    table = take(examples, rng.choice(complete_rows(examples), len(specials)))
    assert isinstance(table, pa.Table)  # noqa: S101 - a table's rows are a table
    return edited(table, [dict(edit) for _, edit in specials])


def _mixed(examples: pa.Table, rows: int, rng: np.random.Generator) -> pa.Table:
    """Take each column's cells from other rows: combinations that the examples do not hold."""
    picks = rng.integers(examples.num_rows, size=(examples.num_columns, rows))
    columns = [column.take(pa.array(pick)) for column, pick in zip(examples.columns, picks, strict=True)]
    return pa.table(columns, schema=examples.schema)


def _threshold_rows(
    examples: pa.Table, schema: Schema, split_points: SplitPoints, most: int, rng: np.random.Generator
) -> tuple[pa.Table, tuple[Coverage, ...]]:
    """Put thresholds and their neighbours into example rows, as many columns at once as there are."""
    wanted = {
        column.name: rings(column, split_points[column.name])
        for column in schema.columns
        if is_number(column) and column.name in split_points
    }
    needed = max((sum(ring.size for ring in values.values()) for values in wanted.values()), default=0)
    table = take(examples, rng.choice(examples.num_rows, min(needed, most)))
    assert isinstance(table, pa.Table)  # noqa: S101 - a table's rows are a table
    tried: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, values in wanted.items():
        position = table.schema.get_field_index(name)
        field = table.schema.field(position)
        taken = chosen(values, table.num_rows, rng)
        placed = place(taken, floats(table.column(position)), rng)
        table = table.set_column(position, field, from_floats(placed, field.type))
        tried.update({ring: values.size for ring, values in taken.items()})
        total.update({ring: values.size for ring, values in values.items()})
    return table, tuple(Coverage(ring, tried[ring], total[ring]) for ring in total if total[ring])
