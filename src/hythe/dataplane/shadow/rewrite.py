"""A batch that one version's reader read, as another version's reader would have read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from hythe.runtime.batch import Batch, RowReader

Rewrite: TypeAlias = Callable[[Batch], Batch]


def rewriter(theirs: RowReader, ours: RowReader) -> Rewrite:
    """Make what turns a batch of `theirs` into one of `ours`, which reads all that `theirs` does.

    Row objects name their cells by place, so another order of the columns needs other objects. What only
    `ours` knows is missing.
    """
    if theirs.schema.inputs == ours.schema.inputs:
        return _as_it_is
    names = sorted(ours.fields, key=lambda name: int(ours.fields[name][1:]))
    attributes = [theirs.fields.get(name, "") for name in names]
    row_type = msgspec.defstruct("Row", [(ours.fields[name], Any) for name in names], gc=False)

    def rewrite(batch: Batch) -> Batch:
        if isinstance(batch, list):
            return [row_type(*[getattr(row, name, None) for name in attributes]) for row in batch]
        from hythe.bundle.conform import conform

        return conform(batch, ours.schema)

    return rewrite


def _as_it_is(batch: Batch) -> Batch:
    return batch
