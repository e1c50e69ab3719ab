"""The proof rows against one compiled model: built from its trees, and from where the original jumps."""

from __future__ import annotations

import pyarrow as pa

from hythe.bundle.rows import Rows
from hythe.bundle.schema import Schema
from hythe.compile.adversarial import BUDGET_ROWS, ProofRows, proof_rows
from hythe.compile.boundary import with_boundaries
from hythe.compile.compiler import Compiled
from hythe.compile.refusals import Predict
from hythe.compile.split_points import split_points
from hythe.compile.threshold_rows import reached_rows


def rows_against(
    compiled: Compiled,
    original: Predict,
    examples: Rows,
    schema: Schema,
    *,
    seed: int = 0,
    budget: int = BUDGET_ROWS,
) -> ProofRows:
    """Make the proof rows that are to break `compiled`; a dozen calls of the original look for its jumps."""
    names = compiled.variant.feed.numbers
    points = {names[index]: values for index, values in split_points(compiled.graph).items()}
    reached = None
    if points and isinstance(examples, pa.Table):
        reached = reached_rows(compiled.graph, names, examples, schema, seed=seed, room=budget // 3)
    tried = proof_rows(examples, schema, points, seed=seed, budget=budget, reached=reached)
    return with_boundaries(tried, original, examples, schema, seed=seed)
