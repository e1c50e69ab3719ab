"""The example rows that come with a model: from memory or a file, checked against what it was fitted on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.base.errors import Invalid
from hythe.bundle.rows import Array, Rows
from hythe.operations.tables import read_table


def from_file(path: Path, target: str | None, *, bare: bool = False) -> tuple[Any, Array | None]:
    """Read examples, and split off the column `target` where one is named.

    They become a pandas DataFrame; a `bare` array where the model was fitted on one and all are numbers.

    Raises:
        Invalid: when there is no column `target`, or nothing is left beside it.

    """
    table = read_table(path)
    targets = None
    if target is not None:
        if target not in table.column_names:
            names = ", ".join(table.column_names)
            raise Invalid(f"there is no column {target!r} in {str(path)!r}; its columns are {names}")
        targets = table.column(target).to_pandas().to_numpy()
        table = table.drop_columns([target])
    if table.num_columns == 0:
        raise Invalid(f"{str(path)!r} holds no column beside the target; give the model's inputs too")
    if bare and all(_is_number(field.type) for field in table.schema):
        return np.column_stack([column.to_numpy() for column in table.columns]), targets
    return table.to_pandas(), targets


def in_fitted_order(rows: Rows, expected: tuple[str, ...] | None) -> list[str] | None:
    """Give the order in which the model was fitted, or None where the rows have it already.

    Raises:
        Invalid: when the rows lack a column that the model was fitted on, or have another.

    """
    if expected is None or not isinstance(rows, pa.Table) or tuple(rows.column_names) == expected:
        return None
    expected = tuple(_as_given(name, rows.column_names) for name in expected)
    missing = [name for name in expected if name not in rows.column_names]
    extra = [name for name in rows.column_names if name not in expected]
    if missing or extra:
        faults = [f"lack {', '.join(missing)}"] if missing else []
        faults += [f"have {', '.join(extra)}, which it never saw"] if extra else []
        raise Invalid(
            f"the examples {' and '.join(faults)}; give the columns that the model was fitted on: "
            f"{', '.join(expected)}"
        )
    return list(expected)


def _as_given(name: str, given: list[str]) -> str:
    """Find a fitted name among the given ones; LightGBM keeps `total charges` as `total_charges`."""
    if name in given:
        return name
    alike = [other for other in given if "_".join(other.split(" ")) == name]
    return alike[0] if len(alike) == 1 else name


def reordered(examples: Any, order: list[str] | None) -> Any:
    """Put the columns of a table-like object into `order`; None leaves it."""
    if order is None:
        return examples
    if isinstance(examples, list):
        return [{name: row[name] for name in order if name in row} for row in examples]
    if isinstance(examples, dict):
        return {name: examples[name] for name in order}
    return examples.select(order) if hasattr(examples, "select") else examples[order]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
