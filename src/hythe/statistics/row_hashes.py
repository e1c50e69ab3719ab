"""A number for each row, the same for equal rows, so that repeats can be counted without keeping rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_WORD_BYTES = 4


def row_hashes(arrays: Iterable[NDArray[Any]]) -> Hashes:
    """Hash the rows that lie across `arrays`, numbers [rows, …] of any dtypes; there is at least one.

    A row's bytes, as 32-bit words, are multiplied by random 64-bit numbers and added up: multilinear hashing
    (Lemire & Kaser 2014, "Strongly universal string hashing is fast", section 3), by which two given rows
    that differ have the same hash with a chance of at most 2⁻³². So 0.0 and -0.0 differ.

    >>> numbers = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]])
    >>> first, second, third = row_hashes([numbers, np.array([7, 7, 7])])
    >>> bool(first == third != second)
    True
    """
    total: Any = None
    for place, array in enumerate(arrays):
        words = _words(array)
        part = np.einsum("ij,j->i", words, _factors(place, words.shape[1]))
        total = part if total is None else total + part
    found: Hashes = total
    return found


def _words(array: NDArray[Any]) -> NDArray[np.uint32]:
    """Give the bytes of each row as 32-bit words, filled up with zeros."""
    rows = len(array)
    flat = np.ascontiguousarray(array).reshape(rows, -1 if rows else array.size)
    raw = flat.view(np.uint8)
    if raw.shape[1] % _WORD_BYTES:
        raw = np.pad(raw, ((0, 0), (0, -raw.shape[1] % _WORD_BYTES)))
    return raw.view(np.uint32)


@lru_cache(maxsize=4096)
def _factors(place: int, words: int) -> Hashes:
    random = np.random.default_rng((place, words))
    return random.integers(0, 2**64, words, dtype=np.uint64)
