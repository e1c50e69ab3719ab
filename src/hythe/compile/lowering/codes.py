"""Numbers that stand for categories, as codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hythe.compile.graph import Value

NO_CODE = 1
"""The code of a number that is none of its column's categories."""


def codes_of_numbers(values: Value, categories: Sequence[Sequence[float]], first: int) -> Value:
    """Compare each column of `values` with its categories; gives float64 codes of the same shape.

    A column's i-th category has the code `first` + i, and everything else, NaN included, is `NO_CODE`.
    """
    sizes = [len(items) for items in categories]
    owners = np.repeat(np.arange(len(sizes)), sizes)
    known = np.concatenate([np.asarray(items, dtype=np.float64) for items in categories])
    places = np.concatenate([np.arange(size) for size in sizes])
    codes = np.zeros((known.size, len(sizes)))
    codes[np.arange(known.size), owners] = places + first - NO_CODE
    matched = values.cast(np.float64).columns(owners.tolist()).equals(known).cast(np.float64)
    coded: Value = matched @ codes + float(NO_CODE)
    return coded
