"""Windows merge in any order and grouping, to the last bit, and are written one way."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hythe.base.errors import Corrupt, Invalid
from hythe.monitor.windows.timing import timings
from hythe.monitor.windows.window import Tally, Window, coarsen, merge
from hythe.statistics.bins import NumberBins
from hythe.statistics.powers import PowerSums, power_sums

BINS = NumberBins((0.0, 1.0, 5.0), 9.0)
ANY_FLOAT = st.floats(width=64)
COUNT = st.integers(0, 2**60)


def tally(values: list[float]) -> Tally:
    array = np.array(values, dtype=np.float64)
    powers = power_sums(np.sort(array), 3.0, 1)
    return Tally(tuple(BINS.count(array).tolist()), powers)


def window(**parts: Any) -> Window:
    values = parts.pop("values")
    seconds = np.array(parts.pop("seconds"), dtype=np.float64)
    return Window(
        endpoint="churn",
        version="1.0.0",
        request_s=timings(seconds),
        queue_s=timings(seconds / 2),
        features={"x": tally(values)} if values else {},
        outputs={"y": tally(values[::-1])} if values else {},
        **parts,
    )


WINDOWS = st.builds(
    window,
    start=st.integers(0, 10**4),
    period_s=st.sampled_from([1, 1, 60]),
    share=st.sampled_from([None, 0.0, 0.1, 1.0]),
    revision=st.sampled_from([None, 0, 1, 2]),
    requests=st.dictionaries(st.sampled_from(["answered", "failed:busy", "refused:invalid"]), COUNT),
    rows=COUNT,
    rescued=COUNT,
    runs=COUNT,
    statistics=st.dictionaries(st.sampled_from(["errors", "latency_us"]), st.tuples(COUNT, COUNT)),
    faults=st.dictionaries(st.sampled_from(["unit:x", "renamed_column:x", "document:"]), COUNT),
    values=st.lists(ANY_FLOAT, max_size=5),
    seconds=st.lists(st.floats(0, 3000), max_size=5),
)


@given(WINDOWS, WINDOWS)
def test_merging_is_commutative(one: Window, other: Window) -> None:
    assert merge(one, other).encode() == merge(other, one).encode()


@given(WINDOWS, WINDOWS, WINDOWS)
def test_merging_is_associative(one: Window, two: Window, three: Window) -> None:
    assert merge(merge(one, two), three).encode() == merge(one, merge(two, three)).encode()


def test_sums_of_nothing_are_written_alike_however_many_were_added_up() -> None:
    nothing = Window("churn", "1.0.0", 0, features={"x": Tally((0, 0), PowerSums(3.0, 1))})
    assert merge(nothing, nothing).encode() == nothing.encode()


@given(WINDOWS)
def test_a_window_reads_back_as_it_was_written(one: Window) -> None:
    assert Window.decode(one.encode()) == one
    assert Window.decode(one.encode()).encode() == one.encode()


@given(WINDOWS, st.dictionaries(st.text(min_size=1).map("new_{}".format), st.integers() | st.text()))
def test_what_a_newer_hythe_wrote_stays_where_it_was(one: Window, new: dict[str, Any]) -> None:
    written = msgspec.json.encode({**msgspec.json.decode(one.encode()), **new})
    assert msgspec.json.decode(Window.decode(written).encode()) == msgspec.json.decode(written)


@given(st.lists(ANY_FLOAT, min_size=1, max_size=30), st.data())
def test_counting_in_parts_is_counting_together(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    order = data.draw(st.permutations(values))
    assert tally(values[:cut]) + tally(values[cut:]) == tally(order)


@given(st.lists(WINDOWS, max_size=8), st.sampled_from([1, 60, 3600]))
def test_coarsening_loses_nothing_and_is_done_once(windows: list[Window], period_s: int) -> None:
    coarse = coarsen(windows, period_s)
    assert sum(item.rows for item in coarse) == sum(item.rows for item in windows)
    assert coarsen(coarse, period_s) == coarse
    short = [item for item in coarse if item.period_s <= period_s]
    assert all(item.start % period_s == 0 and item.period_s == period_s for item in short)
    keys = sorted(
        (item.share is None, item.share or 0.0, item.revision is None, item.revision or 0, item.start)
        for item in short
    )
    assert all(len(list(same)) == 1 for _, same in groupby(keys))


def test_coarsening_leaves_what_it_does_not_understand() -> None:
    strange = Window("churn", "1.0.0", 5, unknown={"new": 1})
    assert strange in coarsen([strange, Window("churn", "1.0.0", 6)], 60)


def test_windows_of_two_versions_stay_apart() -> None:
    with pytest.raises(Invalid, match="merge those of one version"):
        merge(Window("churn", "1.0.0", 0), Window("churn", "2.0.0", 0))


def test_tallies_over_other_bins_do_not_merge() -> None:
    with pytest.raises(Invalid, match="count with the same baseline"):
        _ = Tally((1, 2)) + Tally((1, 2, 3))
    with pytest.raises(Invalid, match="count with the same baseline"):
        _ = PowerSums(0.0, 0) + PowerSums(1.0, 0)


def test_bytes_that_are_no_window_are_told() -> None:
    with pytest.raises(Corrupt, match="a window cannot be read"):
        Window.decode(b'{"endpoint": 5}')


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(-10, 10), st.integers(-8, 8))
def test_power_sums_are_those_of_rational_arithmetic(
    values: list[float], centre: float, exponent: int
) -> None:
    found = power_sums(np.sort(values), centre, exponent)
    apart = [(value - centre) / 2.0**exponent for value in values]
    near = [z for z in apart if abs(z) < 2.0**30]
    assert (found.n, found.beyond) == (len(near), len(values) - len(near))
    for order, total in enumerate(found.sums, start=1):
        # Each power is a chain of rounded products, and then a multiple of 2⁻⁴⁰.
        powers = [reduce(lambda a, b: a * b, [z] * order) for z in near]
        assert total == sum(round(Fraction(power) * 2**40) for power in powers)


def test_moments_of_a_far_off_mean_are_not_lost_to_cancellation() -> None:
    values = 1.7e9 + np.random.default_rng(0).normal(0, 0.01, 10_000)
    found = power_sums(np.sort(values), 1.7e9, -6)
    moments = found.moments()
    assert moments.variance == pytest.approx(values.var(ddof=1), rel=1e-6)
    assert moments.mean == pytest.approx(values.mean(), rel=1e-15)


@given(st.lists(ANY_FLOAT, max_size=20))
def test_what_is_not_finite_is_no_moment(values: list[float]) -> None:
    assume(values)
    found = power_sums(np.sort(values), 0.0, 0)
    finite = [value for value in values if np.isfinite(value)]
    assert found.n + found.beyond == len(finite)
