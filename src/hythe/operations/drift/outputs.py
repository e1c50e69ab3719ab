"""What the model answered rows of a file: in columns of the file, or asked now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array
from hythe.bundle.schema import Output, Schema
from hythe.operations.drift.cells import numbers_of, plain

if TYPE_CHECKING:
    import pyarrow as pa

_TELLING = 2
"""So many outputs found by their names are the model's; one alone may be the true label."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to those rows that were answered: `parts` are named as the baseline's outputs."""

    rows: int
    parts: Mapping[str, Array]


class Outputs(Protocol):
    """Gives the answers to the rows of a batch."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have to be read for it, beside the model's inputs."""
        ...

    def __call__(self, batch: pa.RecordBatch, /) -> Answered:
        """Give the answers; rows that were refused have none."""
        ...


class Nothing:
    """No answers are known."""

    columns: tuple[str, ...] = ()

    def __call__(self, _batch: pa.RecordBatch) -> Answered:
        """Give none."""
        return Answered(0, {})


class Told:
    """The answers stand in columns of the file; `names` gives the column of each part.

    A row in which one of them is missing was not answered.
    """

    def __init__(self, schema: Schema, names: Mapping[str, str]) -> None:
        self._dtypes = {part: output.dtype for output in schema.outputs for part in parts(output)}
        self._names = names
        self.columns = tuple(names.values())

    def __call__(self, batch: pa.RecordBatch) -> Answered:
        """Read the columns; in a file without one of them nothing was answered."""
        if not {*self.columns} <= {*batch.schema.names}:
            return Answered(0, {})
        kept = np.ones(batch.num_rows, dtype=np.bool_)
        found: dict[str, Array] = {}
        for part, name in self._names.items():
            found[part], missing = _read(batch.column(name), name, self._dtypes[part])
            kept &= ~missing
        return Answered(int(kept.sum()), {part: values[kept] for part, values in found.items()})


def parts(output: Output) -> list[str]:
    """Name the columns of an output as the baseline does.

    >>> parts(Output("probabilities", "float64", (2,), ("no", "yes")))
    ['probabilities[no]', 'probabilities[yes]']
    """
    if not output.shape:
        return [output.name]
    width = math.prod(output.shape)
    named = output.classes if output.classes is not None and len(output.classes) == width else range(width)
    return [f"{output.name}[{each}]" for each in named]


def told_columns(
    schema: Schema, wanted: Sequence[str], columns: Sequence[str], renamed: Mapping[str, str]
) -> dict[str, str]:
    """Find the columns that hold the model's outputs: part to column.

    Those that `renamed` names; without it all of the `wanted` where each has a column of its name.

    Raises:
        Invalid: when `renamed` names what is no output, or no column.

    """
    known = [part for output in schema.outputs for part in parts(output)]
    for part, column in renamed.items():
        if part not in known:
            raise Invalid(f"{part!r} is no output of the version; its outputs are {', '.join(known)}")
        if column not in columns:
            raise Invalid(f"there is no column {column!r} for the output {part!r}; give one that is there")
    inputs = {item.name for item in schema.inputs}
    told = {part: part for part in wanted}
    if renamed or len(told) < _TELLING or inputs & {*told} or not {*told} <= {*columns}:
        return dict(renamed)
    return told


def _read(values: pa.Array, name: str, dtype: str) -> tuple[Array, NDArray[np.bool_]]:
    """Read one column of answers in the output's type; give which cells hold none."""
    if dtype in {"str", "object"}:
        return _objects(plain(values).to_pylist()), values.is_null().to_numpy(zero_copy_only=False)
    numbers, unreadable = numbers_of(values, truth=dtype == "bool")
    missing: NDArray[np.bool_] = numbers.is_null().to_numpy(zero_copy_only=False)
    if unreadable:
        row = int(np.flatnonzero(missing & values.is_valid().to_numpy(zero_copy_only=False))[0])
        raise Invalid(f"column {name!r} holds the answer {values[row]!s}; the output is {dtype}")
    return numbers.fill_null(0).to_numpy(zero_copy_only=False).astype(dtype), missing


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
