"""Repeated rows are counted as they are defined, and alarm when chance cannot have made so many."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, rows, table
from tests.unit.monitor.quality.real import birds, cells

from hythe.bundle.feed import Feed
from hythe.bundle.repeats import Repeats, hashes_of, repeats_of
from hythe.bundle.schema import Column, ColumnType, Schema, Tensor
from hythe.bundle.summary import summarise_column
from hythe.monitor.period import Period
from hythe.monitor.quality.duplicates import LIMIT, Duplicates, expected_share, most_repeated
from hythe.monitor.quality.repeats import LONG, SHORT, Memory, RepeatedRows
from hythe.monitor.quality.rows import look
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.window import Window


def by_hand(values: list[int], block: int) -> int:
    """Count values that equal an earlier one of their block."""
    parts = [values[start : start + block] for start in range(0, len(values), block)]
    return sum(len(part) - len(set(part)) for part in parts)


@pytest.mark.parametrize("distinct", [3, 300, 10**9])
def test_repeats_are_counted_in_blocks_however_the_rows_come(distinct: int) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, distinct, 3 * LONG + 100).tolist()
    memory, found, at = Memory(), np.zeros(3, dtype=np.int64), 0
    while at < len(values):
        size = int(rng.integers(1, 700))
        found += memory.add(values[at : at + size])
        at += size
    assert found.tolist() == [len(values), by_hand(values, SHORT), by_hand(values, LONG)]


def test_windows_count_the_repeated_rows_of_a_second() -> None:
    pipe, data = Pipe(FEED), rows(40, 0)
    for _ in range(3):
        pipe.put(data, answers(40, 0), tables=False)
    statistic, read = RepeatedRows(), RecordReader()
    [window] = fold([read(raw) for _, raw in pipe.ring.take()], lambda *_: pipe.counter, [statistic])
    assert window.statistics["repeats"] == (120, 80, 80)
    pipe.put(data[:5], {name: values[:5] for name, values in answers(40, 0).items()}, tables=False)
    [later] = fold([read(raw) for _, raw in pipe.ring.take()], lambda *_: pipe.counter, [statistic])
    assert later.statistics["repeats"] == (5, 5, 5)


@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "compiled"])
def test_a_server_finds_no_more_rows_equal_than_the_baseline_does(feed: Feed | None) -> None:
    rng = np.random.default_rng(4)
    data = [rows(100, 0)[place] for place in rng.integers(0, 100, 250)]
    pipe, known = Pipe(feed), rows(100, 0)
    found = answers(100, 0)
    for start in range(0, 250, 50):
        part = data[start : start + 50]
        places = [known.index(one) for one in part]
        pipe.put(part, {name: values[places] for name, values in found.items()}, tables=False)
    read = RecordReader()
    [window] = fold([read(raw) for _, raw in pipe.ring.take()], lambda *_: pipe.counter, [RepeatedRows()])
    reference = repeats_of(table(data), SCHEMA, pipe.baseline.features)
    assert reference is not None
    n, _, repeated = window.statistics["repeats"]
    assert (n, n - repeated) == (250, reference.distinct) if feed is None else (250, len(set(map(str, data))))


def counted(table: pa.Table, **hidden: Any) -> Repeats | None:
    """Count a table's repeats with a schema inferred from it; `hidden` changes its column `name`."""
    schema = Schema(
        tuple(
            Column(name, TYPES[kind], nullable=True, unit=getattr(kind, "unit", "us"))
            for name, kind in zip(table.column_names, table.schema.types, strict=True)
        )
    )
    if hidden:
        schema = schema.replacing("name", **hidden)
    features = {one.name: summarise_column(table.column(one.name), one) for one in schema.columns}
    return repeats_of(table, schema, features)


TYPES: dict[pa.DataType, ColumnType] = {
    pa.float64(): "float64", pa.int64(): "int64", pa.string(): "string", pa.bool_(): "bool",
    pa.timestamp("us"): "timestamp", pa.timestamp("s"): "timestamp",
}  # fmt: skip


def test_the_references_repeats_are_those_that_a_counter_finds() -> None:
    table = pa.table(
        {
            "a": pa.array([1.5, None, 1.5, 1.5, None, 2.0]),
            "b": pa.array(["x", "y", "x", None, "y", "x"]),
            "c": pa.array([True, None, True, True, None, False]),
        }
    )
    times = Counter(map(tuple, (row.values() for row in table.to_pylist())))
    pairs = sum(n * (n - 1) // 2 for n in times.values())
    assert counted(table) == Repeats(len(times), pairs)
    assert counted(table.take([5, 3, 1, 0, 2, 4])) == Repeats(len(times), pairs)


def test_texts_that_windows_do_not_tell_apart_make_rows_equal() -> None:
    names = [f"name {place}" for place in range(100)]
    table = pa.table({"name": names, "x": [1.0] * 100})
    assert counted(table) == Repeats(65, 36 * 35 // 2)
    assert counted(table, sensitive=True) == Repeats(1, 100 * 99 // 2)


def test_times_are_compared_too() -> None:
    days = [datetime(2026, 1, day) for day in (1, 2, 1)]  # noqa: DTZ001 - the column has no zone
    for kind in (pa.timestamp("us"), pa.timestamp("s")):
        assert counted(pa.table({"at": pa.array([*days, None, None]).cast(kind)})) == Repeats(3, 2)


def test_missing_is_no_zero_and_no_empty_text() -> None:
    table = pa.table({"a": pa.array([0.0, None, 0.0]), "b": pa.array(["", "", None])})
    assert counted(table) == Repeats(3, 0)


def test_rows_of_other_things_than_numbers_and_text_are_not_compared() -> None:
    tensors = Schema((Tensor("a", "float64", (-1,)),), container="tensors")
    assert hashes_of(pa.table({"a": [[1], [1]]})) is None
    assert repeats_of({"a": np.array(["x", "y"])}, tensors, {}) is None
    assert repeats_of({"a": np.zeros((3, 600))}, tensors, {}) is None
    assert repeats_of({"a": np.zeros((3, 5))}, tensors, {}) == Repeats(1, 3)
    assert counted(pa.table({"a": pa.array([], pa.int64())})) is None


def test_all_kinds_of_times_and_nothing_but_nulls_can_be_hashed() -> None:
    days = pa.array([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 1), None])
    for kind in (pa.date32(), pa.date64(), pa.timestamp("s", "UTC")):
        hashes = hashes_of(pa.table({"at": days.cast(kind), "nothing": pa.nulls(4)}))
        assert hashes is not None
        first, second, third, fourth = hashes.tolist()
        assert first == third
        assert len({first, second, fourth}) == 3


def drawn(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw rows: of few kinds, of many, or of a heavy-tailed number of kinds."""
    if kind == "few":
        return rng.integers(0, 50, n)
    return rng.integers(0, 20_000, n) if kind == "many" else rng.zipf(1.2, n).clip(max=10**9)


@pytest.mark.parametrize("kind", ["few", "many", "heavy"])
@pytest.mark.parametrize("m", [50, 1000, 20_000])
def test_what_is_expected_of_blocks_lies_below_the_bound_from_the_reference(kind: str, m: int) -> None:
    rng = np.random.default_rng(2)
    truth = {
        block: np.mean([by_hand(drawn(kind, block, rng).tolist(), block) / block for _ in range(20)])
        for block in (SHORT, LONG)
    }
    for _ in range(20):
        _, times = np.unique(drawn(kind, m, rng), return_counts=True)
        known = Repeats(len(times), int((times * (times - 1) // 2).sum()))
        for block, share in truth.items():
            assert expected_share(block, m, known, math.log(1e3)) >= share * 0.99


def test_the_limit_grows_tighter_with_more_rows_and_never_falls_below_a_tenth() -> None:
    known = Repeats(1000, 0)
    limits = [most_repeated(n, SHORT, 1000, known) for n in (10, 100, 1000, 10_000, 10**6)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] == 1.0
    assert most_repeated(10**6, SHORT, 10**6, Repeats(10**6, 0)) == LIMIT


def period(numbers: tuple[int, ...], repeats: Repeats | None, m: int = 10_000) -> Period:
    known = birds()
    baseline = msgspec.structs.replace(known.baseline, rows=m, repeats=repeats)
    window = Window("e", "1.0.0", 0, 3600, statistics={"repeats": numbers} if numbers else {})
    return Period(window=window, baseline=baseline, schema=known.schema)


def test_rows_that_come_twice_alarm_where_the_reference_has_no_repeats() -> None:
    [finding] = Duplicates().look(period((2000, 1000, 1000), Repeats(10_000, 0)))
    assert (finding.check, finding.subject, finding.verdict, finding.value) == (
        "duplicates",
        "rows",
        "alarm",
        0.5,
    )
    assert finding.limit is not None
    assert finding.limit < 0.5


def test_as_many_repeats_as_among_the_reference_rows_are_no_fault() -> None:
    values = drawn("few", 10_000, np.random.default_rng(3))
    _, times = np.unique(values, return_counts=True)
    known = Repeats(len(times), int((times * (times - 1) // 2).sum()))
    numbers = (5000, by_hand(values[:5000].tolist(), SHORT), by_hand(values[:5000].tolist(), LONG))
    [finding] = Duplicates().look(period(numbers, known))
    assert finding.verdict != "alarm"


def test_too_few_rows_or_reference_rows_are_told() -> None:
    [finding] = Duplicates().look(period((20, 20, 20), Repeats(10_000, 0)))
    assert (finding.verdict, finding.limit) == ("too_little", 1.0)
    [finding] = Duplicates().look(period((1000, 900, 900), Repeats(1, 0), m=1))
    assert finding.verdict == "too_little"


@pytest.mark.parametrize(
    ("numbers", "known"), [((), Repeats(9, 0)), ((0, 0, 0), Repeats(9, 0)), ((100, 90, 90), None)]
)
def test_nothing_counted_and_baselines_of_older_bundles_give_nothing(numbers: Any, known: Any) -> None:
    assert list(Duplicates().look(period(numbers, known))) == []


def test_a_file_whose_rows_repeat_is_told_and_the_rows_once_are_not() -> None:
    known = cells()
    once = pa.Table.from_pandas(known.rest, preserve_index=False)
    assert look(once, known.schema, known.baseline) == ()
    often = once.take(np.repeat(np.arange(once.num_rows), 6))
    [finding] = look(often, known.schema, known.baseline)
    assert (finding.check, finding.verdict) == ("duplicates", "alarm")
    assert finding.value == pytest.approx(5 / 6, rel=0.02)
