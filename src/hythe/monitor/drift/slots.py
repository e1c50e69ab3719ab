"""Windows by slot of a season, so that what the windows of each slot hold is added up at once."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]


class Slots(NamedTuple):
    """The slots' `names`, in ascending order, and each window's place among them, `of_window`.

    `order` puts windows of one slot beside each other, those of each from the place in `firsts` on.

    >>> slots = Slots.of(np.array([7, 3, 7]))
    >>> slots.names, slots.sums(np.array([10, 20, 30])).tolist()
    ((3, 7), [20, 40])
    """

    names: tuple[int, ...]
    of_window: Places
    order: Places
    firsts: Places

    @classmethod
    def of(cls, named: NDArray[np.int64]) -> Self:
        """Take the name of each window's slot."""
        names, places = np.unique(named, return_inverse=True)
        order = np.argsort(places, kind="stable")
        return cls(
            tuple(names.tolist()), places, order, np.searchsorted(places[order], np.arange(len(names)))
        )

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add up values [windows, …] of each slot's windows [slots, …]."""
        if len(self.names) == 1:
            return np.add.reduce(values, axis=0, keepdims=True)
        found: NDArray[Any] = np.add.reduceat(values[self.order], self.firsts, axis=0)
        return found

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give each window [windows, …] its slot's value of `values` [slots, …]."""
        found: NDArray[Any] = values[self.of_window]
        return found

    @property
    def windows(self) -> Places:
        """How many windows each slot has."""
        return np.bincount(self.of_window, minlength=len(self.names))
