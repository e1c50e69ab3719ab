"""Laws of counting: merging is associative and commutative, and loses nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hythe.statistics.bins import quantile_bins, top_values
from hythe.statistics.correlation import pearson, spearman
from hythe.statistics.counts import Counts
from hythe.statistics.moments import moments

NUMBERS = hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=True, allow_infinity=True))
WORDS = st.lists(st.none() | st.sampled_from("abcdefgh"), max_size=30)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
@settings(max_examples=100, deadline=None)
def test_counts_of_numbers_merge_in_any_order_and_grouping(reference: Any, a: Any, b: Any, c: Any) -> None:
    bins = quantile_bins(reference, most=8)
    x, y, z = (Counts.of(bins, values) for values in (a, b, c))
    assert (x + y) + z == x + (y + z)
    assert x + y == y + x
    assert x + y + z == Counts.of(bins, np.concatenate([c, a, b]))
    assert x.total == len(a)


@given(WORDS, WORDS, WORDS)
@settings(max_examples=100, deadline=None)
def test_counts_of_values_merge_in_any_order(reference: Any, a: Any, b: Any) -> None:
    bins = top_values(reference, most=3)

    def counted(values: Any) -> Counts:
        return Counts(bins, tuple(bins.count(values).tolist()))

    assert counted(a) + counted(b) == counted(b) + counted(a) == counted([*b, *a])
    assert counted(a).total == len(a)


@given(NUMBERS)
@settings(max_examples=100, deadline=None)
def test_every_reference_value_falls_inside_its_own_bins(values: Any) -> None:
    counts = quantile_bins(values, most=8).count(values)
    finite = np.isfinite(values).sum()
    inside = counts[3:-1].sum() if finite else 0
    assert inside == finite


@given(NUMBERS, st.randoms())
@settings(max_examples=100, deadline=None)
def test_moments_do_not_depend_on_the_order(values: Any, random: Any) -> None:
    shuffled = values.tolist()
    random.shuffle(shuffled)
    assert moments(values) == moments(np.array(shuffled))


@given(
    hnp.arrays(np.float64, (12, 3), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))),
    st.permutations(range(12)),
)
@settings(max_examples=100, deadline=None)
def test_correlations_do_not_depend_on_the_order_and_stay_within_one(values: Any, order: Any) -> None:
    for correlate in (pearson, spearman):
        found = correlate(values)
        assert found == correlate(values[order])
        assert all(cell is None or -1.0 <= cell <= 1.0 for row in found for cell in row)
