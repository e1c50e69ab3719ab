"""A schema's columns as types that msgspec compiles into a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

import msgspec

from hythe.bundle.schema import Column
from hythe.runtime.cells import Naive, Zoned, float_limits, integer_limits, is_integer

_CAN_BE_LITERAL = {str, int}


def row_type(columns: Sequence[Column]) -> Any:
    """Make the Struct of one row: attribute `c<i>` holds column i; a nullable one may be left out.

    >>> msgspec.json.decode(b'{"age": 41}', type=row_type([Column("age", "int8")]))
    Row(c0=41)
    """
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for index, column in enumerate(columns):
        kind = _cell_type(column)
        fields.append((f"c{index}", kind | None, None) if column.nullable else (f"c{index}", kind))
    return msgspec.defstruct("Row", fields, rename=_renamed(columns), forbid_unknown_fields=True, gc=False)


def columns_type(columns: Sequence[Column]) -> Any:
    """Make the Struct of many rows given as one list for each column."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for index, column in enumerate(columns):
        kind = _cell_type(column)
        if column.nullable:
            fields.append((f"c{index}", list[kind | None] | None, None))  # type: ignore[valid-type]  # made at run time
        else:
            fields.append((f"c{index}", list[kind]))  # type: ignore[valid-type]  # made at run time
    return msgspec.defstruct("Columns", fields, rename=_renamed(columns), forbid_unknown_fields=True)


def _renamed(columns: Sequence[Column]) -> dict[str, str]:
    return {f"c{index}": column.name for index, column in enumerate(columns)}


def _cell_type(column: Column) -> Any:
    """Write what a cell may be as a type that msgspec compiles."""
    if column.categories is not None:
        return _category_type(column)
    if is_integer(column):
        least, most = integer_limits(column)
        return Annotated[int, msgspec.Meta(ge=least, le=most)]
    if column.type in {"float32", "float64"}:
        low, high = float_limits(column)
        if low is None:
            return float if high is None else Annotated[float, msgspec.Meta(le=high)]
        return Annotated[float, msgspec.Meta(ge=low) if high is None else msgspec.Meta(ge=low, le=high)]
    if column.type == "timestamp":
        return Zoned if column.zone else Naive
    return bool if column.type == "bool" else str


def _category_type(column: Column) -> Any:
    """Close the set where msgspec can; booleans are closed by themselves, floats by the explaining check."""
    kinds = {type(value) for value in column.categories or ()}
    if kinds and kinds <= _CAN_BE_LITERAL:
        return Literal[tuple(column.categories or ())]
    return reduce(or_, kinds) if kinds == {bool} else Literal["\0no value is known"]
