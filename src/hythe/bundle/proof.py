"""The record that a variant did what the original does, or of the row on which it did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from hythe.bundle.canonical import canonical
from hythe.bundle.documents import cell, decode
from hythe.bundle.schema import Schema

if TYPE_CHECKING:
    from hythe.bundle.outcome import Outcome
    from hythe.bundle.rows import Rows

Verdict: TypeAlias = Literal["proven", "refused"]
HIDDEN = "(sensitive)"
"""What stands in a record for the value of a sensitive column."""
_MOST_CELLS = 64


class Tolerance(msgspec.Struct, frozen=True, omit_defaults=True):
    """|a - b| ≤ absolute + relative·|a|, with a the original's answer; labels must be equal."""

    absolute: float
    relative: float


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row with what both did: an answer by output, or None for a refusal.

    `kind` says why the row was tried; sensitive values are hidden, NaN and infinities are words.
    """

    kind: str
    row: dict[str, Any]
    original: dict[str, Any] | None
    variant: dict[str, Any] | None


class Deviation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The greatest difference in one output, ties left out, and the row it happened on (None: no difference).

    `absolute` is |a - b|; `share` is that over the tolerance: up to 1 is allowed. Labels count 0 or 1.
    """

    output: str
    absolute: float
    share: float
    case: Case | None = None


class Coverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many of the things that could go wrong were tried: `what` is thresholds, categories and so on."""

    what: str
    tried: int
    total: int


class Refusals(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows that both refused, that only the original refused, and that only the variant refused."""

    both: int = 0
    only_original: int = 0
    only_variant: int = 0


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was tried on one variant, and the verdict.

    `rows` counts the rows tried by kind; `ties` the rows on which the original disagrees with itself between
    batch sizes, which are counted apart; `goldens` the stored rows among them; `seed` generated the rest.
    """

    variant: str
    verdict: Verdict
    tolerance: Tolerance
    rows: dict[str, int] = msgspec.field(default_factory=dict)
    goldens: int = 0
    seed: int = 0
    ties: int = 0
    coverage: tuple[Coverage, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    refusals: Refusals = Refusals()
    reason: str = ""
    counterexample: Case | None = None

    @property
    def proven(self) -> bool:
        """Whether the variant may answer."""
        return self.verdict == "proven"

    @property
    def tried(self) -> int:
        """How many rows were tried."""
        return sum(self.rows.values())

    def encode(self) -> bytes:
        """Write canonical JSON."""
        return canonical(self)

    @classmethod
    def decode(cls, raw: bytes) -> Proof:
        """Read what `encode` wrote.

        Raises:
            Corrupt: when it cannot be read.

        """
        return decode(raw, cls, "the proof")


def case(kind: str, rows: Rows, index: int, schema: Schema, answers: tuple[Outcome, Outcome]) -> Case:
    """Describe the row at `index` with the outcomes of the original and of the variant there."""
    original, variant = answers
    return Case(kind, describe_row(rows, index, schema), describe(original, index), describe(variant, index))


def describe_row(rows: Rows, index: int, schema: Schema) -> dict[str, Any]:
    """Write one row as JSON values; sensitive columns are hidden, long tensors shortened.

    >>> import pyarrow as pa
    >>> describe_row(pa.table({"x": [1.5, float("inf")]}), 1, Schema(()))
    {'x': 'Infinity'}
    """
    if isinstance(rows, Mapping):
        return {name: _short(values[index]) for name, values in rows.items()}
    sensitive = {column.name for column in schema.columns if column.sensitive}
    return {
        name: HIDDEN if name in sensitive else cell(rows.column(name)[index].as_py())
        for name in rows.column_names
    }


def describe(outcome: Outcome, index: int) -> dict[str, Any] | None:
    """Write one answer as JSON values; None for a refusal."""
    if outcome.refused[index]:
        return None
    answers: Mapping[str, Any] = outcome.answers
    return {name: _short(values[index]) for name, values in answers.items()}


def _short(value: Any) -> Any:
    import numpy as np

    array = np.asarray(value)
    if array.size <= _MOST_CELLS:
        return cell(value)
    first = cell(array.reshape(-1)[:_MOST_CELLS])
    return {"shape": list(array.shape), "dtype": str(array.dtype), "first": first}
