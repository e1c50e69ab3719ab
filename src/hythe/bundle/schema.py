"""Names, types, nullability and declared limits of what goes into a model and what comes out.

Inputs are *columns* (named, typed scalars) or *tensors* (dtype and shape, -1 for any length), never both.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from hythe.base.errors import Invalid

Scalar: TypeAlias = str | int | float | bool
ColumnType: TypeAlias = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "string", "category", "timestamp",
]  # fmt: skip
Container: TypeAlias = Literal[
    "pandas", "polars", "arrow", "numpy", "dicts", "columns", "sequence", "tensors"
]  # fmt: skip
"""The object that the original was called with: a frame or table; a 2-D array; a list of dictionaries; a
dictionary of columns; a one-dimensional sequence (texts); a dictionary of arrays with more than one axis."""
Null: TypeAlias = Literal["nan", "none", "NA", "NaT"]
Unit: TypeAlias = Literal["s", "ms", "us", "ns"]
EXACT_INTEGER = 2**53
"""The largest integer up to which float64 is exact; integer columns are limited to plus and minus this."""


class Column(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="column"):
    """One named, typed scalar input.

    `native` is the dtype that the original model was given (`object`, `str`, `Int64`, `float32`, …) and
    `null` how it was given a missing value, so that what the model saw can be rebuilt exactly.
    `categories` closes the set of values of a `category` column; other columns leave it None.
    `unit` and `zone` belong to timestamps: the unit they were counted in and the time zone, "" for none.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[Scalar, ...] | None = None
    sensitive: bool = False
    native: str = ""
    null: Null = "nan"
    unit: Unit = "us"
    zone: str = ""

    @property
    def nan_is_missing(self) -> bool:
        """Whether NaN and missing count as one: where a value may miss, variants are given NaN for it."""
        return self.null == "nan" or self.nullable


class Tensor(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="tensor"):
    """One named tensor input; `shape` leaves out the row axis, and -1 stands for any length."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """One named output; `shape` leaves out the row axis. `classes` name the last axis of scores."""

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    classes: tuple[Scalar, ...] | None = None


class Schema(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a version takes and gives; `container` is the kind of object the original was called with."""

    inputs: tuple[Column | Tensor, ...]
    outputs: tuple[Output, ...] = ()
    container: Container = "pandas"
    native_dtype: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The inputs that are columns: all of them, or none."""
        return tuple(item for item in self.inputs if isinstance(item, Column))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The inputs that are tensors: all of them, or none."""
        return tuple(item for item in self.inputs if isinstance(item, Tensor))

    def replacing(self, name: str, **changes: Any) -> Schema:
        """Copy the schema with fields of the input `name` changed.

        >>> schema = Schema((Column("age", "int64"),))
        >>> schema.replacing("age", nullable=True).columns[0].nullable
        True
        """
        if all(item.name != name for item in self.inputs):
            known = ", ".join(repr(item.name) for item in self.inputs)
            raise Invalid(f"there is no input {name!r}; the inputs are {known}")
        inputs = tuple(
            msgspec.structs.replace(item, **changes) if item.name == name else item for item in self.inputs
        )
        return msgspec.structs.replace(self, inputs=inputs)
