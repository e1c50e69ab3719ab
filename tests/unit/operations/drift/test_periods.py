"""Rows belong to the period of their time, however the time is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from hythe.base.errors import Invalid
from hythe.operations.drift.periods import MOST_PERIODS, Periods

DAY = 86_400
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


def starts(values: pa.Array, period_s: int = DAY) -> list[tuple[int, list[Any]]]:
    periods = Periods("at", period_s)
    batch = pa.record_batch({"at": values, "row": pa.array(range(len(values)))})
    return [(start, rows.column("row").to_pylist()) for start, rows in periods.split(batch)]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([START, START + 5, START + DAY]),
        pa.array([START + 0.25, START + 5.5, START + DAY + 0.1]),
        pa.array([START * 1000, START * 1000 + 5, (START + DAY) * 1000], pa.timestamp("ms", "Asia/Tokyo")),
        pa.array([START, START + 5, START + DAY], pa.timestamp("s")),
        pa.array([date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 2)]),
        pa.array(["2026-03-01T00:00:00Z", "2026-03-01T01:30:00+01:00", "2026-03-02"]),
        pa.array(["2026-03-01", "2026-03-01 05:00:00", "2026-03-02"]).dictionary_encode(),
    ],
    ids=["whole seconds", "seconds", "zoned", "naive", "dates", "text", "text in a dictionary"],
)
def test_times_are_read_however_they_are_written(values: pa.Array) -> None:
    assert starts(values) == [(START, [0, 1]), (START + DAY, [2])]


def test_rows_in_no_order_come_together() -> None:
    found = starts(pa.array([START + DAY, START, START + DAY, START - 1]))
    assert found == [(START - DAY, [3]), (START, [1]), (START + DAY, [0, 2])]


def test_times_before_1970_have_periods_too() -> None:
    assert starts(pa.array([-1, 0])) == [(-DAY, [0]), (0, [1])]


def test_rows_without_a_time_are_in_no_period() -> None:
    periods = Periods("at", DAY)
    batch = pa.record_batch({"at": pa.array([None, float("nan"), 5.0])})
    assert [(start, rows.num_rows) for start, rows in periods.split(batch)] == [(0, 1)]
    assert periods.undated == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array(["soon"]), "holds soon, which is no time"),
        (pa.array([[1]]), "which is no time"),
        (pa.array([START * 1000]), "divide milliseconds by 1000"),
        (pa.array([1e300]), "divide milliseconds by 1000"),
    ],
)
def test_what_is_no_time_is_refused(values: pa.Array, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        starts(values)


def test_too_many_periods_are_refused() -> None:
    with pytest.raises(Invalid, match="longer ones with --period"):
        starts(pa.array(range(MOST_PERIODS + 1)), 1)
    with pytest.raises(Invalid, match="too short"):
        Periods("at", 0)
