"""Windows in the catalog: read and merged, made fewer as they age, and removed in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.operations.seconds import NOW, put, second

from hythe.base.errors import Corrupt
from hythe.monitor.outcomes.join import Join
from hythe.operations.windows import ahead, joined, stored_join, windows
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, JoinRecord, Observations


@pytest.fixture
def observations() -> Iterator[Observations]:
    database = Database("sqlite://")
    yield Observations(database)
    database.close()


def test_parts_of_one_second_are_one_window(observations: Observations) -> None:
    put(observations, second(5, 2), second(5, 3), second(6), second(5, 1, share=0.5))
    assert [(w.start, w.share, w.rows) for w in windows(observations, "churn")] == [
        (5, 0.5, 1), (5, 1.0, 5), (6, 1.0, 1),
    ]  # fmt: skip


def test_windows_are_merged_into_the_periods_asked_for(observations: Observations) -> None:
    put(observations, second(59), second(60), second(119), second(60, 7, "2.0.0"))
    found = windows(observations, "churn", "1.0.0", period_s=60)
    assert [(w.start, w.period_s, w.rows) for w in found] == [(0, 60, 1), (60, 60, 2)]
    assert [w.rows for w in windows(observations, "churn", since=60, until=100)] == [1, 7]


def test_windows_of_one_plan_are_read_by_its_revision(observations: Observations) -> None:
    put(
        observations,
        second(5, 1, revision=7),
        second(5, 2, revision=8),
        second(6, 4, revision=7),
        second(6, 8),
    )
    assert [(w.start, w.revision, w.rows) for w in windows(observations, "churn", revisions=(7, 9))] == [
        (5, 7, 1), (6, 7, 4),
    ]  # fmt: skip
    assert [w.rows for w in windows(observations, "churn", period_s=60)] == [8, 5, 2]


def test_windows_that_begin_later_than_now_are_told(observations: Observations) -> None:
    put(observations, second(NOW - 1), second(NOW), second(NOW + 1), second(NOW + 3600))
    assert "1 windows of churn begin up to 3,600 s from now" in ahead(windows(observations, "churn"), NOW)
    assert ahead(windows(observations, "churn"), NOW + 3600) == ""


def test_joins_come_back_as_they_were(observations: Observations) -> None:
    join = Join(
        "a", 2, 1, NOW * 10**9, "churn", "1.0.0", 0.25, "k", True, {"label": ["yes"], "x": [[1.0, 2.0]]}, 7
    )
    observations.store(Delivery("server", 1, NOW, {}, (), (stored_join(join),)))
    assert joined(observations, ["b", "a"]) == [join]


def test_a_damaged_join_is_told(observations: Observations) -> None:
    record = JoinRecord("a", 0, 1, 0, "churn", "1.0.0", "{}")
    observations.store(Delivery("server", 1, NOW, {}, (), (record,)))
    with pytest.raises(Corrupt, match="the join record of a cannot be read"):
        joined(observations, ["a"])
