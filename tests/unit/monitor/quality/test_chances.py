"""The p-values of data quality hold what they promise: by counting all splits, or very many."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.monitor.quality.real import birds

from hythe.monitor.quality import frozen, out_of_range, unseen
from hythe.monitor.quality.subjects import Subject
from hythe.statistics.bins import MOST_BINS, ValueBins, top_values
from hythe.statistics.clopper_pearson import rate_bounds


@pytest.mark.parametrize(("n", "m"), [(3, 4), (4, 3), (5, 6), (6, 2)])
def test_how_many_lie_out_of_range_is_as_rare_as_among_all_splits(n: int, m: int) -> None:
    outside = []
    for window in combinations(range(n + m), n):
        baseline = sorted(set(range(n + m)) - set(window))
        outside.append(sum(place < baseline[0] or place > baseline[-1] for place in window))
    for k in range(n + 1):
        share = np.mean([found >= k for found in outside])
        assert out_of_range.p_value(k, n, m) == pytest.approx(share, rel=1e-9), k


def values(kind: str, rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw values of a column: all different, some frequent and many rare, few, or the like."""
    if kind == "names":
        return np.arange(rows)
    if kind == "zipf":
        return rng.zipf(1.3, rows).clip(max=10**6)
    if kind == "many":
        return rng.integers(0, 200, rows)
    return rng.choice(4, rows, p=[0.9, 0.08, 0.015, 0.005])


def counted(reference: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Count as baseline and window do; the bins are the reference's."""
    found, times = np.unique(reference, return_counts=True)
    known = found[np.argsort(-times, kind="stable")[:MOST_BINS]]
    cells = []
    for sample in (reference, rows):
        counts = [int((sample == value).sum()) for value in known]
        cells.append((0, *counts, len(sample) - sum(counts)))
    return cells[0], cells[1]


@pytest.mark.parametrize("kind", ["names", "zipf", "many", "few"])
@pytest.mark.parametrize(("m", "n"), [(300, 100), (100, 300)])
def test_values_that_the_reference_lacks_raise_no_more_false_alarms_than_stated(
    kind: str, m: int, n: int
) -> None:
    rng = np.random.default_rng(5)
    repeats, found = 400, []
    for _ in range(repeats):
        drawn = rng.permutation(values(kind, m + n, rng))
        found.append(unseen.p_value(*counted(drawn[:m], drawn[m:])))
    for level in (0.01, 0.1):
        assert rate_bounds(sum(p <= level for p in found), repeats, 1e-4)[0] <= level


def test_the_bins_of_these_tests_are_those_of_a_baseline() -> None:
    reference = np.repeat(np.arange(80), np.arange(80, 0, -1))
    before, _ = counted(reference, reference)
    assert before == tuple(top_values(reference).count(reference).tolist())


@pytest.mark.parametrize("copies", [1, 2, 4])
def test_all_rows_are_equal_no_more_often_than_among_all_splits(copies: int) -> None:
    n, m = 2, 6
    pool = [place // copies for place in range(n + m)]
    splits = list(combinations(range(n + m), n))
    equal = [split for split in splits if len({pool[place] for place in split}) == 1]
    subject = Subject(
        name="feature:x",
        bins=ValueBins(("a", "b")),
        before=(0, copies - n if copies > n else 0, m - max(copies - n, 0), 0),
        now=(0, n, 0, 0),
    )
    if equal:
        assert frozen.p_value(subject, 1) >= len(equal) / len(splits) * (1 - 1e-9)


def test_two_birds_in_hand_are_no_proof_that_a_column_stands_still() -> None:
    one = birds().rest.iloc[[0, 0]]
    assert list(frozen.Frozen().look(birds().period(one))) == []
