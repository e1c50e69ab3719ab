"""pandas frames: every dtype that a column can hold, rebuilt as it was."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hythe.base.errors import Invalid
from hythe.bundle.containers.arrays import to_array, to_objects
from hythe.bundle.found import Found, from_objects, plain, refuse, zone_name
from hythe.bundle.schema import Column, Null, Schema
from hythe.bundle.types import arrow_type

_UNSUPPORTED = {"m": "timedelta", "c": "complex", "V": "void"}


def read(frame: Any) -> list[Found]:
    """Read the columns of a DataFrame; its index is no part of it.

    Raises:
        Invalid: for names that are not strings, and for columns that cannot be expressed.

    """
    for name in frame.columns:
        if not isinstance(name, str):
            raise Invalid(
                f"column name {name!r} is {type(name).__name__}, not str; rename the columns and fit the "
                "model on them again, or pass frame.to_numpy() to a model that was fitted on an array"
            )
    return [_column(name, frame.iloc[:, index]) for index, name in enumerate(frame.columns)]


def _column(name: str, series: Any) -> Found:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _plain_column(name, series, dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        return _category(name, series)
    if isinstance(dtype, pd.DatetimeTZDtype):
        moments = pa.array(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
        zoned = moments.cast(pa.timestamp(dtype.unit, zone_name(dtype.tz)))
        return Found(name, zoned, str(dtype), "NaT")
    if isinstance(dtype, pd.SparseDtype | pd.PeriodDtype | pd.IntervalDtype):
        remedy = "call .sparse.to_dense() on it" if isinstance(dtype, pd.SparseDtype) else ""
        raise refuse(name, str(dtype), remedy)
    native = str(dtype)
    null: Null = "NA"
    if isinstance(dtype, pd.StringDtype):
        null = "NA" if dtype.na_value is pd.NA else "nan"
        native = f"{'string' if null == 'NA' else 'str'}{'' if dtype.storage == 'pyarrow' else '[python]'}"
    elif isinstance(dtype, pd.ArrowDtype):
        native = f"{dtype.pyarrow_dtype}[pyarrow]"
    return Found(name, plain(name, pa.array(series), native), native, null)


def _plain_column(name: str, series: Any, dtype: np.dtype[Any]) -> Found:
    if dtype.kind == "O":
        return from_objects(name, series.tolist(), "object")
    if dtype.kind in _UNSUPPORTED:
        raise refuse(name, _UNSUPPORTED[dtype.kind])
    null: Null = "NaT" if dtype.kind == "M" else "nan"
    return Found(name, plain(name, pa.array(series.to_numpy()), str(dtype)), str(dtype), null)


def _category(name: str, series: Any) -> Found:
    import pandas as pd

    declared = series.cat.categories
    order = ", ordered" if series.cat.ordered else ""
    held = "str" if isinstance(declared.dtype, pd.StringDtype) else str(declared.dtype)
    scalars = pd.api.types.is_numeric_dtype(declared.dtype) or held in {"str", "object"}
    if not scalars:
        raise refuse(name, f"categories of {held}", "rename them to strings: .cat.rename_categories(str)")
    values = from_objects(name, declared.tolist(), held).array
    codes = series.cat.codes.to_numpy()
    picked = values.take(pa.array(codes, mask=codes < 0))
    return Found(name, picked, f"category[{held}{order}]", "nan", tuple(values.to_pylist()))


def build(table: pa.Table, schema: Schema) -> Any:
    """Rebuild the DataFrame that the original model was given."""
    import pandas as pd

    data = {
        column.name: _series(_chunk(table.column(index)), column)
        for index, column in enumerate(schema.columns)
    }
    return pd.DataFrame(data, copy=False)


def _chunk(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def _series(values: pa.Array, column: Column) -> Any:
    if column.type == "category":
        return _categorical(values, column)
    native = column.native or _default_native(column)
    if native == "object":
        return _objects(values, column.null)
    dtype = _dtype(native)
    if not isinstance(dtype, np.dtype):
        return dtype.__from_arrow__(values)
    if values.null_count and dtype.kind == "b":
        return _objects(values, column.null)
    return to_array(values, dtype)


def _objects(values: pa.Array, null: Null) -> Any:
    import pandas as pd

    return pd.Series(to_objects(values, null), dtype=object, copy=False)


@lru_cache(maxsize=1024)
def _dtype(native: str) -> Any:
    import pandas as pd

    if native.startswith("str"):
        storage = "python" if native.endswith("[python]") else "pyarrow"
        if not native.endswith("[pyarrow]"):
            nan = {} if native.startswith("string") else {"na_value": np.nan}
            return pd.StringDtype(storage, **nan)
    if native.endswith("[pyarrow]"):
        return pd.ArrowDtype(_arrow_alias(native.removesuffix("[pyarrow]")))
    return pd.api.types.pandas_dtype(native)


def _arrow_alias(native: str) -> pa.DataType:
    if native.startswith("timestamp["):
        unit, _, zone = native[10:-1].partition(", tz=")
        return pa.timestamp(unit, zone or None)
    return pa.type_for_alias({"float": "float32", "double": "float64"}.get(native, native))


def _default_native(column: Column) -> str:
    if column.type == "string":
        return "object"
    if column.type == "timestamp":
        return f"datetime64[{column.unit}{', ' + column.zone if column.zone else ''}]"
    return column.type


@lru_cache(maxsize=1024)
def _category_dtype(column: Column) -> tuple[Any, pa.Array]:
    import pandas as pd

    held, _, order = column.native.removeprefix("category").strip("[]").partition(", ")
    dtype = None if held in {"", "str"} else held
    categories = pd.Index(list(column.categories or ()), dtype=dtype)
    return (
        pd.CategoricalDtype(categories, ordered=bool(order)),
        pa.array(column.categories or (), arrow_type(column)),
    )


def _categorical(values: pa.Array, column: Column) -> Any:
    import pandas as pd

    dtype, declared = _category_dtype(column)
    codes = pc.index_in(values, declared)
    if codes.null_count != values.null_count:
        value = values.filter(pc.and_(codes.is_null(), values.is_valid()))[0].as_py()
        raise Invalid(f"column {column.name!r} has the value {value!r}, which is not one of its categories")
    return pd.Categorical.from_codes(codes.fill_null(-1).to_numpy(), dtype=dtype)
