"""Equal rows have equal hashes, and others do not: against numpy's own comparison of rows."""

from __future__ import annotations

import numpy as np
import pytest

from hythe.statistics.row_hashes import row_hashes


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "bool", "uint16"])
def test_rows_are_told_apart_as_numpy_does(dtype: str) -> None:
    rows = np.random.default_rng(0).integers(0, 3, (5000, 5)).astype(dtype)
    _, groups = np.unique(rows, axis=0, return_inverse=True)
    _, hashed = np.unique(row_hashes([rows]), return_inverse=True)
    assert len({*zip(groups.tolist(), hashed.tolist(), strict=True)}) == groups.max() + 1 == hashed.max() + 1


def test_a_row_lies_across_all_arrays() -> None:
    numbers, codes = np.array([[1.0], [1.0], [1.0]]), np.array([[1, 2], [1, 2], [2, 1]])
    first, second, third = row_hashes([numbers, codes]).tolist()
    assert first == second != third


def test_no_two_of_many_rows_that_differ_are_taken_for_one() -> None:
    rows = np.arange(100_000, dtype=np.float64).reshape(-1, 1) * 2.0**-10
    assert len(np.unique(row_hashes([rows]))) == 100_000


def test_no_rows_have_no_hashes() -> None:
    assert row_hashes([np.empty((0, 3))]).tolist() == []
