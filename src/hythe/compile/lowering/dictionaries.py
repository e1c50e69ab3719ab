"""Rows given as dictionaries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hythe.compile.graph import Value
from hythe.compile.lowering.categories import Reading, membership, read
from hythe.compile.lowering.frame import CannotLower, Frame, Source
from hythe.compile.lowering.lowerer import Lowerer, lowers


@lowers("sklearn.DictVectorizer")
def dict_vectorizer(model: Any, frame: Frame, lowerer: Lowerer) -> Frame:
    """Lower one column for each key with a number, and for each pair of key and string; others are zero."""
    made: dict[int, Value] = {}
    for index in range(frame.width):
        part = frame.column(index)
        column = lowerer.raw(part)
        if column is None or lowerer.schema.container != "dicts":
            raise CannotLower("DictVectorizer takes dictionaries, and is given a table")
        one = replace(frame, parts=(part,), names=None)
        if not isinstance(part, Source):
            place = model.vocabulary_.get(column.name)
            made |= {} if place is None else {int(place): one.numbers()}
            continue
        start = f"{column.name}{model.separator}"
        values = {
            term.removeprefix(start): at for term, at in model.vocabulary_.items() if term.startswith(start)
        }
        for value, place in values.items():
            (coded,) = read(one, [Reading([value], [0])], lowerer)
            made[int(place)] = membership([(coded, 0)], lowerer)
    if not made:
        raise CannotLower("DictVectorizer knows none of the keys that the schema lists")
    none = next(iter(made.values())) * 0.0
    zeros = none.graph.where(none.is_nan(), 0.0, none)
    width = len(model.vocabulary_)
    value = lowerer.graph.concat([made.get(place, zeros) for place in range(width)])
    return Frame.of(value, width, sparse=bool(model.sparse), single=np.dtype(model.dtype) == np.float32)
