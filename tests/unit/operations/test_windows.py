"""Windows in the catalog: read and merged, made fewer as they age, and removed in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.monitor.join import Join
from hythe.monitor.window import Window
from hythe.operations.windows import (
    DAY_S,
    HOUR_S,
    Retention,
    joined,
    stored,
    stored_join,
    tidy,
    windows,
)
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, JoinRecord, Observations, WindowRecord

NOW = 1_800_000_000


@pytest.fixture
def observations() -> Iterator[Observations]:
    database = Database("sqlite://")
    yield Observations(database)
    database.close()


def put(observations: Observations, *found: Window | WindowRecord) -> None:
    records = tuple(stored(item) if isinstance(item, Window) else item for item in found)
    sequence = observations.observed("server").sequence + 1
    observations.store(Delivery("server", sequence, NOW, {}, records))


def second(
    start: int, rows: int = 1, version: str = "1.0.0", share: float | None = 1.0, revision: int = 0
) -> Window:
    return Window("churn", version, start, rows=rows, share=share, revision=revision)


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


def test_old_seconds_become_minutes_and_old_minutes_hours(observations: Observations) -> None:
    old, older = NOW - HOUR_S, NOW - 3 * DAY_S
    put(observations, *[second(older + n) for n in range(130)], *[second(old + n) for n in range(130)])
    put(observations, second(NOW - 10), second(NOW - 9))
    while tidy(observations, NOW, Retention()):
        pass
    found = windows(observations, "churn")
    assert {(w.period_s, w.start < NOW - 2 * DAY_S) for w in found} == {(1, False), (60, False), (3600, True)}
    assert sum(w.rows for w in found) == 262
    assert len(observations.read("churn")) <= 2 + 4 + 2


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


def test_windows_of_several_plans_stay_apart_as_they_age(observations: Observations) -> None:
    old = (NOW - 3 * DAY_S) // HOUR_S * HOUR_S
    put(observations, *[second(old + n, revision=n % 2 + 1) for n in range(100)])
    while tidy(observations, NOW, Retention()):
        pass
    assert [(r.period_s, r.revision) for r in observations.read("churn")] == [(HOUR_S, 1), (HOUR_S, 2)]
    assert [w.rows for w in windows(observations, "churn", revisions=[2])] == [50]


def test_what_a_newer_hythe_wrote_is_not_merged_away(observations: Observations) -> None:
    newer = WindowRecord(
        "churn", "1.0.0", NOW - HOUR_S, 1, b'{"endpoint":"churn","new":1,"start":5,"version":"1.0.0"}'
    )
    put(observations, newer, second(NOW - HOUR_S), second(NOW - HOUR_S))
    tidy(observations, NOW, Retention())
    assert {record.document for record in observations.read("churn")} >= {newer.document}
    assert len(observations.read("churn")) == 2


def test_what_is_too_old_is_removed(observations: Observations) -> None:
    put(observations, second(NOW - 91 * DAY_S), second(NOW - 89 * DAY_S))
    tidy(observations, NOW, Retention())
    assert [w.start for w in windows(observations, "churn")] == [NOW - 89 * DAY_S - (NOW - 89 * DAY_S) % 3600]


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


@pytest.mark.parametrize("wrong", [{"minutes_after_s": 0}, {"hours_after_s": 60}, {"joins_days": 0}])
def test_times_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="give growing times"):
        Retention(**wrong)
