"""Arrow tables and polars frames, which are nearly rows already."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hythe.base.errors import Invalid
from hythe.bundle.found import Found, plain, refuse
from hythe.bundle.schema import Column, Schema


def read(table: pa.Table | pa.RecordBatch) -> list[Found]:
    """Read the columns of an Arrow table.

    Raises:
        Invalid: for types that no column holds.

    """
    return [
        Found(field.name, plain(field.name, table.column(index), str(field.type)), _word(field.type), "none")
        for index, field in enumerate(table.schema)
    ]


def _word(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return f"dictionary<{kind.index_type}, {_word(kind.value_type)}>"
    return str(kind) if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else ""


def build(table: pa.Table, schema: Schema) -> pa.Table:
    """Rebuild the Arrow table that the original model was given."""
    arrays = [_native(values, c) for values, c in zip(table.columns, schema.columns, strict=True)]
    return pa.table(arrays, names=[c.name for c in schema.columns])


def _native(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    if not column.native:
        return values
    if not column.native.startswith("dictionary<"):
        return values.cast(column.native)
    index, _, value = column.native[11:-1].partition(", ")
    encoded = pc.dictionary_encode(values.cast(value) if value else values)
    return encoded.cast(pa.dictionary(pa.type_for_alias(index), encoded.type.value_type))


def read_polars(frame: Any) -> list[Found]:
    """Read the columns of a polars DataFrame; an Enum is a category, a Categorical an open set of strings.

    Raises:
        Invalid: for types that no column holds.

    """
    import polars as pl

    return [_polars_column(series, pl) for series in frame.get_columns()]


def _polars_column(series: Any, pl: Any) -> Found:
    dtype = series.dtype
    if isinstance(dtype, pl.Object):
        raise refuse(series.name, "Object")
    values = plain(series.name, series.to_arrow(), str(dtype))
    if isinstance(dtype, pl.Enum):
        return Found(series.name, values, "Enum", "none", tuple(dtype.categories.to_list()))
    native = "Categorical" if isinstance(dtype, pl.Categorical) else ""
    return Found(series.name, values, native, "none")


def build_polars(table: pa.Table, schema: Schema) -> Any:
    """Rebuild the polars DataFrame that the original model was given."""
    import polars as pl

    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):  # pragma: no cover - a table always gives a frame
        raise Invalid("the rows are no table")
    casts = {
        column.name: pl.Enum([str(value) for value in column.categories or ()])
        if column.type == "category"
        else pl.Categorical()
        for column in schema.columns
        if column.native in {"Enum", "Categorical"}
    }
    return frame.cast(casts) if casts else frame  # type: ignore[arg-type]  # a union of dtypes is a dtype
