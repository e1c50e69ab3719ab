"""How far off a regressor's answers are likely to be, learned from the cells of its features and its answer.

Direct loss estimation (NannyML 2022): a second model that predicts the first one's error of a row, learned
from reference rows with targets. It sees cells of the baseline's bins alone, so what has to be kept of a row
to estimate its error is a byte for each feature.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.bundle.boosted import Boosted, Codes, boost
from hythe.statistics.places import Places

MOST_SUBJECTS = 24
"""So many features enter, those that alone tell most of the error, and the answer."""
_FEWEST = 100

Numbers = NDArray[np.float64]


class Subject(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column that the model reads: `feature:NAME` or `output:NAME`, by its cell.

    `order` is the place of each cell where cells have no order of their own, by the mean error in it.
    """

    name: str
    order: tuple[int, ...] = ()


class LossModel(msgspec.Struct, frozen=True):
    """Predicts the |error| and error² of a row, learned from `rows` rows.

    `fourth` is the mean of error⁴ there over the square of that of error²: how widely squares spread.
    """

    rows: int
    fourth: float
    subjects: tuple[Subject, ...]
    absolute: Boosted
    squared: Boosted

    def codes(self, cells: Mapping[str, Places], rows: int) -> Codes:
        """Put cells by subject side by side, in order; a subject that is not there is like cell 0."""
        found = np.zeros((rows, len(self.subjects)), dtype=np.uint8)
        for place, subject in enumerate(self.subjects):
            if subject.name in cells:
                found[:, place] = _ordered(cells[subject.name], subject.order)
        return found


def learn(
    cells: Mapping[str, tuple[Places, int]], errors: Numbers, unordered: Sequence[str] = ()
) -> LossModel | None:
    """Learn from the cells of each row, by subject with their number, and its finite error.

    The cells of `unordered` subjects have no order. None from fewer than 100 rows, from errors that are all
    zero, and from errors whose squares overflow.
    """
    absolute = np.abs(errors)
    greatest = float(np.max(absolute, initial=0.0))
    if len(errors) < _FEWEST or not 0.0 < greatest * greatest < math.inf:
        return None
    squares = (absolute / greatest) ** 2
    chosen = _chosen(cells, absolute / greatest)
    subjects = tuple(
        Subject(name, _order(*cells[name], absolute / greatest) if name in unordered else ())
        for name in chosen
    )
    codes = np.column_stack([_ordered(cells[each.name][0], each.order) for each in subjects])
    fourth = math.fsum((squares**2).tolist()) * len(errors) / math.fsum(squares.tolist()) ** 2
    return LossModel(
        rows=len(errors),
        fourth=fourth,
        subjects=subjects,
        absolute=boost(codes, absolute),
        squared=boost(codes, squares * greatest**2),
    )


def _ordered(cells: Places, order: Sequence[int]) -> Codes:
    found = np.array(order, dtype=np.intp)[cells] if order else cells
    return np.asarray(found, dtype=np.uint8)


def _order(cells: Places, n: int, loss: Numbers) -> tuple[int, ...]:
    """Give the place of each cell by its mean loss (Fisher 1958); of those without rows, in the middle."""
    times, sums = _whole_sums(cells, n, loss)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(times > 0, sums / times, sums.sum() / times.sum())
    places = np.empty(n, dtype=np.intp)
    places[np.argsort(means, kind="stable")] = np.arange(n)
    return tuple(places.tolist())


def _chosen(cells: Mapping[str, tuple[Places, int]], loss: Numbers) -> Sequence[str]:
    """Choose the subjects whose cells tell most of the loss between them, in the order they are given."""
    if len(cells) <= MOST_SUBJECTS:
        return list(cells)
    told = {name: _between(*found, loss) for name, found in cells.items()}
    first = sorted(cells, key=lambda name: (name.startswith("feature:"), -told[name]))[:MOST_SUBJECTS]
    return [name for name in cells if name in first]


def _between(cells: Places, n: int, loss: Numbers) -> float:
    """Give the sum of squares between cells, over the number of those that are filled."""
    times, sums = _whole_sums(cells, n, loss)
    filled = times > 0
    mean = float(sums.sum() / times.sum())
    between = (sums[filled] - times[filled] * mean) ** 2 / times[filled]
    return math.fsum(between.tolist()) / max(1, int(filled.sum()) - 1)


def _whole_sums(cells: Places, n: int, loss: Numbers) -> tuple[NDArray[np.intp], Numbers]:
    """Count the rows of each cell, and sum their losses of at most 1 in whole parts, which is exact."""
    sums: Numbers = np.zeros(n)
    np.add.at(sums, cells, np.rint(loss * 2.0**30))
    return np.bincount(cells, minlength=n), sums
