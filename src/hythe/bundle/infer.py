"""The schema of a model's inputs, told from examples; what cannot be expressed is refused by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hythe.base.errors import Invalid
from hythe.bundle.found import Found, refuse
from hythe.bundle.frames import as_array, check_unique, read
from hythe.bundle.rows import Array
from hythe.bundle.schema import EXACT_INTEGER, Column, Output, Schema, Tensor

_WIDE = {"int64", "uint64"}


def infer(examples: Any, *, sensitive: Collection[str] = (), outputs: Sequence[Output] = ()) -> Schema:
    """Tell names, types, nullability and declared categories from `examples`.

    A column is nullable when an example of it is missing (null, None, NA, NaT or NaN). Declared limits are
    not guessed.

    Raises:
        Invalid: when there are no rows or columns, or one cannot be expressed: with its name and the remedy.

    >>> infer({"age": [41, 23], "plan": ["gold", None]}).columns[1]
    Column(name='plan', type='string', nullable=True, minimum=None, maximum=None, categories=None, \
sensitive=False, native='list', null='none', unit='us', zone='')
    """
    container, found = read(examples)
    if isinstance(found, Mapping):
        inputs: tuple[Column | Tensor, ...] = tuple(_tensor(n, values) for n, values in found.items())
        names, rows = list(found), len(next(iter(found.values()), ()))
    else:
        names, rows = [item.name for item in found], len(found[0].array) if found else 0
        _check_names(names)
        if rows:
            inputs = tuple(_column(item, sensitive=item.name in sensitive) for item in found)
    if not names and container != "dicts":
        raise Invalid("examples have no columns; give the inputs that the model takes")
    if not rows:
        raise Invalid("examples have no rows; give at least one, better some thousand")
    unknown = sorted(set(sensitive) - set(names))
    if unknown:
        raise Invalid(f"sensitive column {unknown[0]!r} is not in the examples; they have {', '.join(names)}")
    return Schema(inputs, tuple(outputs), container, _common_dtype(examples))


def _common_dtype(examples: Any) -> str:
    """Name the one dtype of an array; "" for containers whose columns have dtypes of their own."""
    if isinstance(examples, list | tuple) and examples and isinstance(examples[0], list | tuple):
        examples = as_array(examples)
    if not isinstance(examples, np.ndarray):
        return ""
    return "str" if examples.dtype.kind in "UT" else str(examples.dtype.newbyteorder("="))


def _check_names(names: Sequence[str]) -> None:
    check_unique(names)
    if "" in names:
        raise Invalid("a column has an empty name; give each column a name")


def _column(found: Found, *, sensitive: bool) -> Column:
    kind = found.type
    if kind is None:
        raise Invalid(
            f"column {found.name!r} has only missing values, so its type cannot be told; give an "
            "example with a value, or leave the column out"
        )
    if found.categories is not None and not found.categories:
        raise Invalid(
            f"column {found.name!r} is a category without categories; declare them, or leave it out"
        )
    if kind in _WIDE:
        _check_exact(found)
    arrow = found.array.type
    moment = kind == "timestamp"
    return Column(
        name=found.name,
        type=kind,
        nullable=_has_missing(found.array),
        categories=found.categories,
        sensitive=sensitive,
        native=found.native,
        null=found.null,
        unit=arrow.unit if moment else "us",
        zone=(arrow.tz or "") if moment else "",
    )


def _has_missing(values: pa.Array) -> bool:
    if values.null_count:
        return True
    return pa.types.is_floating(values.type) and bool(pc.any(pc.is_nan(values)).as_py())


def _check_exact(found: Found) -> None:
    """Refuse integers that float64 does not hold."""
    low, high = pc.min_max(found.array).as_py().values()
    for value in (low, high):
        if value is not None and abs(value) > EXACT_INTEGER:
            raise refuse(
                found.name,
                f"the integer {value}, beyond ±2**53,",
                "make it a string if it is an identifier, or scale it down",
            )


def _tensor(name: str, values: Array) -> Tensor:
    """Describe a tensor; axes whose lengths differ between rows are -1."""
    if values.dtype.kind != "O":
        return Tensor(name, _dtype_name(values.dtype), values.shape[1:])
    shapes = {cell.shape for cell in values}
    dtypes = {_dtype_name(cell.dtype) for cell in values}
    if len({len(shape) for shape in shapes}) > 1 or len(dtypes) > 1:
        raise Invalid(
            f"tensor {name!r} has rows of different dtypes or numbers of axes; give each row the same"
        )
    lengths = zip(*shapes, strict=True)
    shape = tuple(axis[0] if len(set(axis)) == 1 else -1 for axis in lengths)
    return Tensor(name, next(iter(dtypes)), shape)


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return "str" if dtype.kind == "U" else str(dtype.newbyteorder("="))
