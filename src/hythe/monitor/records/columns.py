"""Columns of what is mostly alike: a list with a value for each row, or the one value that all rows have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Column: TypeAlias = T | list[T]


def narrow(values: Sequence[T]) -> Column[T]:
    """Give what all values are, or a list of them where they differ; there is at least one.

    >>> narrow(["no", "no"]), narrow([1, 2])
    ('no', [1, 2])
    """
    first = values[0]
    if first != values[-1] or values.count(first) < len(values):
        return [*values]
    return first


def wide(column: Column[T], rows: int) -> list[T]:
    """Give the value of each row.

    >>> wide("no", 2), wide([1, 2], 2)
    (['no', 'no'], [1, 2])
    """
    return column if isinstance(column, list) else [column] * rows


def stacked(parts: Iterable[tuple[Column[T], int]]) -> Column[T]:
    """Put columns of so many rows each behind each other; there is at least one.

    >>> stacked([("no", 2), ("no", 1)]), stacked([("no", 1), (["no", "yes"], 2)])
    ('no', ['no', 'no', 'yes'])
    """
    found = [*parts]
    first = found[0][0]
    if all(not isinstance(column, list) and column == first for column, _ in found):
        return first
    return [*chain.from_iterable([wide(column, rows) for column, rows in found])]
