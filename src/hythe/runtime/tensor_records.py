"""An endpoint's rows where the model takes tensors: nested lists become one array for each input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.misfit import Fault, Misfit, unknown_name
from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import Schema, Tensor
from hythe.runtime.cells import show
from hythe.runtime.documents import only, parse, step
from hythe.runtime.gather import Stack

Tensors = dict[str, Array]
_JSON_KINDS = {"b": "true or false", "i": "integers", "u": "integers", "f": "numbers", "U": "strings"}


class TensorRecords:
    """Reads rows of named tensors; the first axis of what it gives is the row.

    >>> records = TensorRecords(Schema((Tensor("x", "float32", (2,)),), container="tensors"))
    >>> records.decode(b'{"rows": [{"x": [1, 2]}, {"x": [3, 4]}]}')["x"].tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    >>> records.decode(b'{"x": [1, 2, 3]}')
    Traceback (most recent call last):
    ...
    hythe.bundle.misfit.Misfit: x has the shape [3]; expected float32 [2]
    """

    fields: Mapping[str, str] = {}

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._tensors = schema.tensors

    def decode(self, body: bytes | memoryview) -> Tensors:
        """Read `{"rows": [{…}]}`, `{"columns": {name: […]}}` or one bare row.

        Raises:
            Malformed: when `body` is no JSON.
            Invalid: naming the path of the first wrong tensor and what was expected.

        """
        document = parse(body)
        if not isinstance(document, dict):
            raise Invalid(
                f'the body is {show(document)}; send {{"rows": [{{…}}]}}, {{"columns": {{…}}}} or one row'
            )
        names = {tensor.name for tensor in self._tensors}
        if "rows" in document and "rows" not in names:
            only(document, "rows")
            if not isinstance(document["rows"], list):
                raise Invalid(f"rows is {show(document['rows'])}; expected a list of objects")
            return self.convert_all(document["rows"])
        if "columns" in document and "columns" not in names:
            only(document, "columns")
            return self.convert_columns(document["columns"], "columns")
        return self.convert_one(document)

    def in_pieces(self, body: bytes | memoryview) -> Iterator[Tensors]:
        """Read in one piece, as `decode` does."""
        yield self.decode(body)

    def convert_one(self, row: Mapping[str, Any]) -> Tensors:
        """Turn one row into tensors of one row; raises Invalid."""
        return self.convert(row)

    def convert(self, row: Mapping[str, Any], where: str = "") -> Tensors:
        """Turn one row, a nested list or array for each name, into tensors of one row; raises Invalid."""
        self._check_names(row, where)
        return {
            tensor.name: _array(tensor, row[tensor.name], where + step(tensor.name, first=not where))[None]
            for tensor in self._tensors
        }

    def convert_all(self, rows: Sequence[Mapping[str, Any]]) -> Tensors:
        """Stack rows of one shape; raises Invalid."""
        parts = [self.convert(row, f"rows[{index}]") for index, row in enumerate(rows)]
        stacked = {}
        for tensor in self._tensors:
            arrays = [part[tensor.name] for part in parts]
            for index, array in enumerate(arrays):
                if array.shape != arrays[0].shape:
                    raise Invalid(
                        f"rows[{index}]{step(tensor.name)} has the shape {list(array.shape[1:])}, and "
                        f"rows[0] {list(arrays[0].shape[1:])}; send rows of one shape together"
                    )
            stacked[tensor.name] = np.concatenate(arrays) if arrays else np.empty((0, *tensor.shape))
        return stacked

    def convert_columns(self, columns: Mapping[str, Any], where: str = "") -> Tensors:
        """Take whole tensors, the row axis first; raises Invalid."""
        self._check_names(columns, where)
        whole = {
            t.name: _array(
                Tensor(t.name, t.dtype, (-1, *t.shape)),
                columns[t.name],
                where + step(t.name, first=not where),
            )
            for t in self._tensors
        }
        lengths = {name: len(values) for name, values in whole.items()}
        if len(set(lengths.values())) > 1:
            raise Invalid(f"tensors differ in their number of rows: {lengths}; give each the same number")
        return whole

    def rows(self, batch: Tensors) -> Rows:
        """Tensors are rows already."""
        return batch

    def gathering(self) -> Stack:
        """Begin tensors that grow a batch at a time."""
        return Stack()

    def _check_names(self, given: Any, where: str) -> None:
        place = where or "the row"
        if not isinstance(given, Mapping):
            raise Misfit(
                f"{place} is {show(given)}; expected an object with the tensors' names as keys",
                Fault("document"),
            )
        names = [tensor.name for tensor in self._tensors]
        for name in given:
            if name not in names:
                raise Misfit(
                    f"{place} has a tensor {show(name)}, which the model does not take; "
                    f"it takes {', '.join(names)}",
                    unknown_name(str(name), names, given),
                )
        for tensor in self._tensors:
            if tensor.name not in given:
                fault = Fault("missing_column", tensor.name)
                raise Misfit(f"{place} has no {show(tensor.name)}; expected {_expected(tensor)}", fault)


def _array(tensor: Tensor, values: Any, path: str) -> Array:
    try:
        array = np.asarray(values)
    except ValueError:
        raise Misfit(f"{path} is ragged; expected {_expected(tensor)}", Fault("shape", tensor.name)) from None
    if array.size == 0:
        array = array.astype(_target(tensor))
    fits = array.ndim == len(tensor.shape) and all(
        wanted in {-1, length} for wanted, length in zip(tensor.shape, array.shape, strict=True)
    )
    if not fits:
        fault = Fault("shape", tensor.name)
        raise Misfit(f"{path} has the shape {list(array.shape)}; expected {_expected(tensor)}", fault)
    cast = _cast(array, _target(tensor))
    if cast is None:
        fault = Fault("type", tensor.name)
        raise Misfit(f"{path} holds {_words(array)}; expected {_expected(tensor)}", fault)
    return cast


def _cast(array: Array, target: np.dtype[Any]) -> Array | None:
    """Change the dtype where every value stays what it is; floats may round, but not overflow."""
    if array.dtype == target:
        return array
    if target.kind == "U" or array.dtype.kind not in "iuf" or target.kind not in "iuf":
        return array if array.dtype.kind == target.kind == "U" else None
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(target)
    if target.kind == "f":
        same = np.isfinite(cast) | ~np.isfinite(array)
    else:
        same = cast.astype(array.dtype) == array
    return cast if bool(same.all()) else None


def _target(tensor: Tensor) -> np.dtype[Any]:
    return np.dtype(np.str_ if tensor.dtype == "str" else tensor.dtype)


def _expected(tensor: Tensor) -> str:
    return f"{tensor.dtype} [{', '.join('any' if axis < 0 else str(axis) for axis in tensor.shape)}]"


def _words(array: Array) -> str:
    return _JSON_KINDS.get(array.dtype.kind, "mixed values")
