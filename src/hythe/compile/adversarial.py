"""Proof rows: drawn from the example data and built to break converters. Seeded, and never stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.proof import Coverage
from hythe.bundle.rows import Array, Rows, concat, count, take
from hythe.bundle.schema import Schema
from hythe.compile.cells import complete_rows, edited
from hythe.compile.specials import special_edits
from hythe.compile.tensors import tensor_variations
from hythe.compile.threshold_rows import threshold_rows
from hythe.compile.thresholds import SplitPoints

BUDGET_ROWS = 50_000
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
    reached: pa.Table | None = None,
) -> ProofRows:
    """Make at most about `budget` proof rows; the same arguments always make the same rows.

    A quarter of the budget, up to 5,000 rows, goes to the examples themselves, what is left over to the
    `split_points`, first to rows that have `reached` them.

    Raises:
        Invalid: when there are no examples.

    """
    if not count(examples):
        raise Invalid("there are no example rows to make proof rows from; pass at least one")
    rng = np.random.default_rng(seed)
    if not isinstance(examples, pa.Table):
        return _tensor_proof_rows(examples, rng, budget)
    specials = special_edits(examples, schema, rng)
    tables = _ordinary_rows(examples, rng, budget)
    special = _special_rows(examples, specials, rng)
    room = max(_room(examples, budget) - sum(map(count, tables.values())) - special.num_rows, 64)
    tables["threshold"], coverage = threshold_rows(
        examples, schema, split_points or {}, rng, room=room, reached=reached
    )
    kinds = [np.full(count(rows), kind) for kind, rows in tables.items()]
    kinds.append(np.array([kind for kind, _ in specials], dtype=np.str_))
    return ProofRows(concat([*tables.values(), special]), np.concatenate(kinds), coverage)


def _room(examples: pa.Table, budget: int) -> int:
    return int(max(min(budget, MOST_CELLS // max(examples.num_columns, 1)), 64))


def _ordinary_rows(examples: pa.Table, rng: np.random.Generator, budget: int) -> dict[str, Rows]:
    room = _room(examples, budget)
    ordinary = sample(examples, min(_MOST_EXAMPLES, room // 4), rng)
    return {
        ORDINARY: ordinary,
        "mixed": _mixed(examples, min(_MIXED, room // 8), rng),
        "duplicate": take(ordinary, np.zeros(_REPEATED)),
    }


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
