from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.statistics.bins import NumberBins, ValueBins, hashed, quantile_bins, top_values
from hythe.statistics.counts import Counts

RANDOM = np.random.default_rng(7)


def test_quantile_bins_hold_equally_many_values() -> None:
    values = RANDOM.lognormal(size=6400)
    bins = quantile_bins(values)
    assert bins.count(values).tolist() == [0, 0, 0, *[100] * 64, 0]


def test_quantile_bins_do_not_depend_on_the_order_of_the_values() -> None:
    values = RANDOM.normal(size=1000)
    assert quantile_bins(values) == quantile_bins(values[::-1])


def test_few_distinct_values_get_a_bin_each() -> None:
    values = np.array([3, 1, 1, 2, 3, 3])
    bins = quantile_bins(values)
    assert bins.lefts == (1.0, 2.0, 3.0)
    assert bins.count(values).tolist() == [0, 0, 0, 2, 1, 3, 0]


def test_a_value_that_fills_many_quantiles_gets_one_bin() -> None:
    values = np.concatenate([np.zeros(9000), RANDOM.uniform(1, 2, 1000)])
    bins = quantile_bins(values)
    counts = bins.count(values)
    assert counts[3] == 9000
    assert counts[4:-1].max() <= 1000 // 62 + 1
    assert counts.sum() == 10000


def test_missing_nan_infinite_and_outlying_numbers_have_cells_of_their_own() -> None:
    bins = NumberBins((0.0, 1.0), 2.0)
    values = np.array([5.0, np.nan, -np.inf, -1e-300, 0.0, 1.0, 2.0, np.nextafter(2.0, 3.0), np.inf])
    missing = np.array([True] + [False] * 8)
    assert bins.count(values, missing).tolist() == [1, 1, 2, 1, 2, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8, np.float64])
def test_counts_agree_with_numpys_histogram(dtype: Any) -> None:
    values = RANDOM.uniform(0, 200, 5000).astype(dtype)
    bins = NumberBins(tuple(float(edge) for edge in range(20, 180, 10)), 180.0)
    inside, _ = np.histogram(values.astype(float), [*range(20, 180, 10), 180])
    counts = bins.count(values)
    assert counts[3:-1].tolist() == inside.tolist()
    assert counts[2] == (values < 20).sum()
    assert counts[-1] == (values > 180).sum()


def test_no_finite_values_make_no_bins() -> None:
    bins = quantile_bins(np.array([np.nan, np.inf]))
    assert bins == NumberBins(())
    assert bins.count(np.array([np.nan, 1.0])).tolist() == [0, 1, 1]
    assert bins.cells == 3


def test_negative_zero_is_zero() -> None:
    assert str(quantile_bins(np.array([-0.0, 1.0])).lefts[0]) == "0.0"


def test_top_values_are_the_frequent_ones_and_the_rest_are_others() -> None:
    values = pa.array(["b", "a", None, "b", "c", "a", "d"])
    bins = top_values(values, most=2)
    assert bins.known == ("a", "b")
    assert bins.count(values).tolist() == [1, 2, 2, 2]


def test_counts_of_values_agree_with_pandas() -> None:
    values = RANDOM.choice([f"v{n}" for n in range(100)], 5000).tolist()
    bins = top_values(values)
    counted = pd.Series(values).value_counts()
    counts = bins.count(values)
    assert [counts[1 + i] for i in range(64)] == [counted[value] for value in bins.known]
    assert counts[-1] == len(values) - counts[1:-1].sum()


def test_hashed_values_are_counted_and_not_stored() -> None:
    bins = top_values(["ana", "bo", "ana"], key="name")
    assert bins.known == (hashed("ana", "name"), hashed("bo", "name"))
    assert bins.count(["ana", "cy"]).tolist() == [0, 1, 0, 1]


def test_booleans_and_integers_are_values_too() -> None:
    assert top_values([True, False, True]).count([True, None]).tolist() == [1, 1, 0, 0]
    assert top_values(pa.array([3, 3, 1])).known == (3, 1)


def test_counts_over_other_bins_do_not_merge() -> None:
    one = Counts.of(NumberBins((0.0,), 1.0), np.zeros(1))
    with pytest.raises(Invalid, match="different bins"):
        _ = one + Counts.of(NumberBins((0.0,), 2.0), np.zeros(1))
    with pytest.raises(Invalid, match="2 counts for 3 cells"):
        Counts(ValueBins(("a",)), (1, 2))


def test_shares_are_of_the_total() -> None:
    counts = Counts(ValueBins(("a",)), (1, 2, 1))
    assert counts.shares() == (0.25, 0.5, 0.25)
    assert (counts.total, counts.missing) == (4, 1)
    assert Counts(ValueBins(()), (0, 0)).shares() == (0.0, 0.0)
