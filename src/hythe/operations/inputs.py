"""What a model is called with: examples and targets in the form it was fitted on, and their schema."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hythe.base.errors import HytheError, Invalid
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.rows import Array, Rows, count
from hythe.bundle.schema import Schema
from hythe.compile.missing import accepts_missing
from hythe.compile.refusals import reason, undisturbed
from hythe.operations.examples import from_file, in_fitted_order, reordered
from hythe.operations.source import Opened
from hythe.operations.trial import Original


@dataclass(frozen=True, slots=True)
class Inputs:
    """Example rows with their targets, and the model as a function of such rows."""

    rows: Rows
    targets: Array | None
    original: Original

    @property
    def schema(self) -> Schema:
        """What the model takes and gives."""
        return self.original.schema


def prepare(opened: Opened, examples: Any, targets: Any, sensitive: Collection[str] = ()) -> Inputs:
    """Read examples and targets, tell the schema, and ask the model once.

    `examples` is data or the path of a file; `targets` are values, or the name of a column in that file.

    Raises:
        Invalid: when the model refuses its examples, lacks a column, or the targets do not fit.

    """
    expected = opened.flavor.expected_columns(opened.model)
    if isinstance(examples, str | Path):
        bare = expected is None and hasattr(opened.model, "n_features_in_")
        examples, targets = from_file(Path(examples), targets, bare=bare)
    rows = to_rows(examples)
    examples = reordered(examples, in_fitted_order(rows, expected))
    rows, schema = to_rows(examples), infer(examples, sensitive=sensitive)
    original = _asked(opened, rows, schema)
    schema = original.schema
    for name in accepts_missing(original, rows, schema):
        schema = schema.replacing(name, nullable=True)
    original = Original(opened.flavor, opened.model, schema)
    return Inputs(rows, _checked(targets, count(rows)), original)


def _asked(opened: Opened, rows: Rows, schema: Schema) -> Original:
    """Let the model answer its examples, and learn from that what it gives."""
    try:
        with undisturbed():
            answers = opened.flavor.predict(opened.model, rows, schema)
    except HytheError:
        raise
    except Exception as err:
        message = (
            f"the model refuses its own examples ({reason(err)}); give rows such as those it was fitted on"
        )
        raise Invalid(message) from err
    outputs = opened.flavor.outputs(opened.model, answers)
    return Original(opened.flavor, opened.model, msgspec.structs.replace(schema, outputs=tuple(outputs)))


def _checked(targets: Any, rows: int) -> Array | None:
    """Hold the targets as an array with one entry for each row."""
    if targets is None:
        return None
    if isinstance(targets, str):
        raise Invalid(
            f"targets are the word {targets!r}; give the values, or examples as a file with that column"
        )
    values = np.asarray(targets)
    if values.ndim == 0 or len(values) != rows:
        raise Invalid(f"there are {values.size} targets for {rows} example rows; give one for each")
    return values
