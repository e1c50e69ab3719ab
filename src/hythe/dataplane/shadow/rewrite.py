"""A batch that one version's reader read, as another version's reader would have read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

from hythe.runtime.batch import Batch, RowReader

Rewrite: TypeAlias = Callable[[Batch], Batch]


def rewriter(theirs: RowReader, ours: RowReader) -> Rewrite:
    """Make what turns a batch of `theirs` into one of `ours`, which reads the same columns or tensors.

    Row objects name their cells by place, so another order of the columns needs other objects.
    """
    if dict(theirs.fields) == dict(ours.fields):
        return _as_it_is
    names = sorted(ours.fields, key=lambda name: int(ours.fields[name][1:]))
    cells = _cells([theirs.fields[name] for name in names])
    row_type = msgspec.defstruct("Row", [(ours.fields[name], Any) for name in names], gc=False)

    def rewrite(batch: Batch) -> Batch:
        if isinstance(batch, list):
            return [row_type(*cells(row)) for row in batch]
        return batch  # tables and tensors tell by name what is what

    return rewrite


def _as_it_is(batch: Batch) -> Batch:
    return batch


def _cells(attributes: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    get: Any = attrgetter(*attributes, attributes[0])  # one twice, so that there is always a tuple
    return lambda row: get(row)[:-1]
