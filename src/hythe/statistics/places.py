"""Which cell of some bins each value falls into: what `count` counts, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.statistics.bins import Bins, NumberBins, cuts_of, hashed

Places = NDArray[np.intp]


def places(bins: Bins, values: Any, missing: NDArray[np.bool_] | None = None) -> Places:
    """Give the cell of each value: numbers as an array, others as a sequence in which None is missing.

    >>> places(NumberBins((0.0, 10.0), 20.0), np.array([-1.0, 0.0, 20.0, np.nan, np.inf])).tolist()
    [2, 3, 4, 1, 5]
    """
    if isinstance(bins, NumberBins):
        return _of_numbers(bins, np.asarray(values), missing)
    known = {value: place for place, value in enumerate(bins.known, start=1)}
    last = bins.cells - 1
    found = np.empty(len(values), dtype=np.intp)
    for row, value in enumerate(values):
        if value is None:
            found[row] = 0
        else:
            found[row] = known.get(hashed(value, bins.key) if bins.key else value, last)
    return found


def _of_numbers(bins: NumberBins, values: NDArray[Any], missing: NDArray[np.bool_] | None) -> Places:
    found = np.searchsorted(cuts_of(bins), values, side="right") + 2
    found[np.isnan(values)] = 1
    if missing is not None:
        found[missing] = 0
    return found
