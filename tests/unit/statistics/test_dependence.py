"""Tables of pairs against a count by hand, φ against numpy's correlation; they add up."""

from __future__ import annotations

import numpy as np
import pytest

from hythe.statistics.dependence import phi, scores, signs, tables

RNG = np.random.default_rng(2)
COLUMNS = RNG.normal(size=(500, 4)) @ RNG.normal(size=(4, 4))
COLUMNS[RNG.random(COLUMNS.shape) < 0.1] = np.nan
BORDERS = [0.1, -0.2, 0.0, 0.5]
PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_tables_are_those_counted_by_hand() -> None:
    expected = []
    for i, j in PAIRS:
        cells = [0, 0, 0, 0]
        for row in COLUMNS.tolist():
            if row[i] == row[i] and row[j] == row[j]:
                cells[2 * (row[i] >= BORDERS[i]) + (row[j] >= BORDERS[j])] += 1
        expected.append(cells)
    assert tables(signs(COLUMNS, BORDERS)).tolist() == expected


def test_tables_of_parts_add_up_to_those_of_the_whole() -> None:
    marks = signs(COLUMNS, BORDERS)
    assert (tables(marks[:123]) + tables(marks[123:]) == tables(marks)).all()


def test_phi_is_the_correlation_of_the_signs() -> None:
    whole = COLUMNS[~np.isnan(COLUMNS).any(axis=1)]
    expected = np.atleast_2d(np.corrcoef(whole >= np.asarray(BORDERS), rowvar=False))
    found = phi(tables(signs(whole, BORDERS)))
    assert found == pytest.approx([expected[pair] for pair in PAIRS])


def test_scores_are_the_sum_over_pairs() -> None:
    marks, weights = signs(COLUMNS, BORDERS), [50, -20, 0, 7, 99, -100]
    expected = sum(weight * marks[:, i] * marks[:, j] for weight, (i, j) in zip(weights, PAIRS, strict=True))
    assert scores(marks, weights).tolist() == np.asarray(expected).tolist()
