"""The layout of a record as bytes, and which arrays go where in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from hythe.bundle.rows import Array
from hythe.monitor.records.arrays import Field
from hythe.monitor.records.record import Layout, padded

MOST_CELLS = 4096
"""An array with more cells than this in a row, such as an image's pixels, is left out."""
_NUMBERS = "biuf"
_SCALARS = "OUT"
_MOST_FITTING = 256
_dtype_of, _shape_of = attrgetter("dtype"), attrgetter("shape")
_encode = msgspec.msgpack.Encoder().encode


class Written:
    """A layout as bytes, and where its arrays are: `raw` ones go as they are, `lists` into the body."""

    def __init__(
        self, endpoint: str, version: str, feeds: Mapping[str, Array], answers: Mapping[str, Array]
    ) -> None:
        self.endpoint = endpoint
        self.version = version
        self._fed, self._answered = (*feeds,), (*answers,)
        self._names = (*feeds, *answers)
        arrays = [*feeds.values(), *answers.values()]
        self._dtypes = (*map(_dtype_of, arrays),)
        self._shapes = tuple([array.shape[1:] for array in arrays])
        self._fitting: set[tuple[tuple[int, ...], ...]] = set()
        self.raw: list[int] = []
        self.lists: list[int] = []
        self.row_bytes = 0
        inputs: list[Field] = []
        outputs: list[Field] = []
        for place, (name, array) in enumerate(zip(self._names, arrays, strict=True)):
            fields = inputs if place < len(feeds) else outputs
            shape = array.shape[1:]
            if int(np.prod(shape, dtype=np.int64)) > MOST_CELLS:
                continue
            if array.dtype.kind in _NUMBERS:
                fields.append(Field(name, array.dtype.str, shape))
                self.raw.append(place)
                self.row_bytes += fields[-1].row_bytes
            elif array.dtype.kind in _SCALARS and fields is outputs:
                fields.append(Field(name, "", shape))
                self.lists.append(place)
        encoded = _encode(Layout(endpoint, version, tuple(inputs), tuple(outputs)))
        self.length = len(encoded)
        self.data = encoded + bytes(padded(self.length) - self.length)

    def joined(
        self, feeds: Sequence[Mapping[str, Array]], answers: Sequence[Mapping[str, Array]]
    ) -> tuple[list[Array], list[list[Any]]] | None:
        """Give the raw arrays, and the lists, of several batches; None where one has another layout."""
        if [*map(tuple, feeds)].count(self._fed) < len(feeds):
            return None
        if [*map(tuple, answers)].count(self._answered) < len(answers):
            return None
        found = []
        for place in (*self.raw, *self.lists):
            name, those = self._names[place], feeds if place < len(self._fed) else answers
            try:
                array = np.concatenate([one[name] for one in those], dtype=self._dtypes[place], casting="no")
            except (TypeError, ValueError):
                return None
            if array.shape[1:] != self._shapes[place]:
                return None
            found.append(array)
        return found[: len(self.raw)], [array.tolist() for array in found[len(self.raw) :]]

    def takes(
        self, feeds: Mapping[str, Array], answers: Mapping[str, Array], arrays: Sequence[Array]
    ) -> bool:
        """Tell whether these arrays have this layout."""
        if (*feeds, *answers) != self._names or (*map(_dtype_of, arrays),) != self._dtypes:
            return False
        shapes = (*map(_shape_of, arrays),)
        if shapes in self._fitting:  # nearly always, and far cheaper than to compare them one by one
            return True
        if tuple([shape[1:] for shape in shapes]) != self._shapes:
            return False
        if len(self._fitting) < _MOST_FITTING:
            self._fitting.add(shapes)
        return True
