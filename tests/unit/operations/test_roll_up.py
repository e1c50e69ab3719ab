"""Stored windows become fewer as they age, whatever traffic and plans there are, and lose nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.unit.operations.seconds import NOW, put, second

from hythe.base.clock import DAY_S, HOUR_S, MINUTE_S
from hythe.base.errors import Corrupt, Invalid
from hythe.monitor.windows.window import Tally, Window
from hythe.operations.roll_up import MOST_ARMS, Retention, RollUp
from hythe.operations.windows import windows
from hythe.registry.database import Database
from hythe.registry.windows import Observations, WindowRecord


@pytest.fixture
def observations() -> Iterator[Observations]:
    database = Database("sqlite://")
    yield Observations(database)
    database.close()


def rolled(observations: Observations, now: int = NOW, endpoint: str = "churn") -> list[tuple[int, int, int]]:
    """Roll up; give start, length and rows of what is stored."""
    assert not RollUp(observations).turn(now)
    return [(w.start, w.period_s, w.rows) for w in windows(observations, endpoint)]


def test_seconds_become_minutes_hours_and_days(observations: Observations) -> None:
    ages = {1: 60, MINUTE_S: HOUR_S, HOUR_S: 3 * DAY_S, DAY_S: 40 * DAY_S}
    for period_s, age in ages.items():
        begin = (NOW - age) // DAY_S * DAY_S if period_s == DAY_S else (NOW - age) // period_s * period_s
        put(observations, *[second(begin + n) for n in range(50)])
    found = rolled(observations)
    assert Counter(period_s for _, period_s, _ in found) == {1: 50, MINUTE_S: 1, HOUR_S: 1, DAY_S: 1}
    assert all(start % period_s == 0 for start, period_s, _ in found)
    assert sum(rows for *_, rows in found) == 200


def test_many_endpoints_leave_one_window_for_each_minute(observations: Observations) -> None:
    start = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    names = [f"endpoint-{number}" for number in range(30)]
    for at in range(start, start + 120):
        put(observations, *[Window(name, "1.0.0", at, rows=1) for name in names])
    RollUp(observations).turn(NOW)
    for name in names:
        assert [(w.start - start, w.rows) for w in windows(observations, name)] == [(0, 60), (60, 60)]


def test_a_turn_that_runs_out_of_time_goes_on_at_the_next(observations: Observations) -> None:
    start = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    put(observations, *[second(start + 30 * n) for n in range(6)])
    ticks = iter(range(100))
    roll_up = RollUp(observations, monotonic_s=lambda: float(next(ticks)))
    assert [roll_up.turn(NOW, 0.5) for _ in range(4)] == [True, True, True, False]
    assert [w.rows for w in windows(observations, "churn")] == [2, 2, 2]


def test_what_comes_late_is_merged_with_what_was_merged_before(observations: Observations) -> None:
    start = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    put(observations, second(start), second(start + 1))
    assert rolled(observations) == [(start, MINUTE_S, 2)]
    put(observations, second(start + 2, 5))
    assert rolled(observations) == [(start, MINUTE_S, 7)]


def test_windows_of_several_plans_stay_apart_as_they_age(observations: Observations) -> None:
    old = (NOW - 3 * DAY_S) // HOUR_S * HOUR_S
    put(observations, *[second(old + n, revision=n % 2 + 1) for n in range(100)])
    rolled(observations)
    assert [(r.period_s, r.revision) for r in observations.read("churn")] == [(HOUR_S, 1), (HOUR_S, 2)]
    assert [w.rows for w in windows(observations, "churn", revisions=[2])] == [50]


@pytest.mark.parametrize("age", [HOUR_S, 3 * DAY_S, 40 * DAY_S])
def test_however_many_plans_there_were_a_version_has_few_windows_in_a_period(
    observations: Observations, age: int
) -> None:
    old = (NOW - age) // DAY_S * DAY_S
    put(observations, *[second(old + n % 60, 2, share=n / 300, revision=n) for n in range(300)])
    assert sum(rows for *_, rows in rolled(observations)) == 600
    found = windows(observations, "churn")
    assert len(found) == MOST_ARMS
    assert sorted(w.revision for w in found if w.revision is not None) == list(range(285, 300))
    assert [(w.share, w.rows) for w in found if w.revision is None] == [(None, 570)]
    put(observations, second(old, 3, revision=1))
    assert sum(rows for *_, rows in rolled(observations)) == 603
    assert len(windows(observations, "churn")) == MOST_ARMS


def test_windows_over_other_bins_of_one_version_number_are_not_mixed(observations: Observations) -> None:
    old = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    several = [
        Window("churn", "1.0.0", old, revision=n, rows=1, features={"x": Tally((1,) * (2 + n % 2))})
        for n in range(40)
    ]
    put(observations, *several)
    rolled(observations)
    mixed = [w for w in windows(observations, "churn") if w.revision is None]
    assert sorted(len(w.features["x"].cells) for w in mixed) == [2, 3]
    assert all(set(w.features["x"].cells) == {w.rows} for w in mixed)


def test_a_clock_that_is_days_ahead_leaves_one_window_a_day(observations: Observations) -> None:
    ahead = (NOW // DAY_S + 400) * DAY_S
    put(observations, *[second(ahead + n) for n in range(0, 3 * DAY_S, HOUR_S)])
    assert rolled(observations) == [(ahead + n * DAY_S, DAY_S, 24) for n in range(3)]


def test_a_clock_that_is_an_hour_ahead_is_waited_for(observations: Observations) -> None:
    put(observations, second(NOW + HOUR_S), second(NOW + HOUR_S + 1))
    assert rolled(observations) == [(NOW + HOUR_S, 1, 1), (NOW + HOUR_S + 1, 1, 1)]


def test_what_a_newer_hythe_wrote_is_not_merged_and_keeps_nobody_waiting(observations: Observations) -> None:
    old = (NOW - 2 * HOUR_S) // MINUTE_S * MINUTE_S
    newer = [
        WindowRecord(
            "churn", "1.0.0", old + MINUTE_S * n, 1,
            b'{"endpoint":"churn","new":1,"start":%d,"version":"1.0.0"}' % (old + MINUTE_S * n),
        )
        for n in range(5)
    ]  # fmt: skip
    last = old + 10 * MINUTE_S
    put(observations, *newer, second(old), second(old), second(last), second(last))
    ticks = iter(range(100))
    roll_up = RollUp(observations, monotonic_s=lambda: float(next(ticks)))
    while roll_up.turn(NOW, 0.5):
        pass
    stored_now = observations.read("churn")
    assert {record.document for record in stored_now} >= {record.document for record in newer}
    assert [w.rows for w in windows(observations, "churn") if not w.unknown] == [2, 2]


def test_a_window_that_cannot_be_read_is_told_and_the_others_are_merged(observations: Observations) -> None:
    old = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    put(observations, WindowRecord("churn", "1.0.0", old, 1, b"{"), second(old + 60), second(old + 61))
    roll_up = RollUp(observations)
    with pytest.raises(Corrupt, match="a window cannot be read"):
        roll_up.turn(NOW)
    assert not roll_up.turn(NOW)
    assert [w.rows for w in windows(observations, "churn", since=old + 60)] == [2]


def test_two_processes_that_roll_up_count_nothing_twice(observations: Observations) -> None:
    old = (NOW - HOUR_S) // MINUTE_S * MINUTE_S
    put(observations, *[second(old + n) for n in range(60)])

    class Meanwhile(Observations):
        """A catalog in which another process merges what this one has just read."""

        def replace(self, old: object, new: object) -> bool:
            RollUp(observations).turn(NOW)
            return super().replace(old, new)  # type: ignore[arg-type]

    RollUp(Meanwhile(observations._database)).turn(NOW)
    assert [(w.start, w.rows) for w in windows(observations, "churn")] == [(old, 60)]


def test_what_is_too_old_is_removed(observations: Observations) -> None:
    put(observations, second(NOW - 401 * DAY_S), second(NOW - 399 * DAY_S))
    assert [start // DAY_S for start, *_ in rolled(observations)] == [NOW // DAY_S - 399]


@pytest.mark.parametrize("wrong", [{"minutes_after_s": 0}, {"hours_after_s": 60}, {"days_after_s": 60}])
def test_times_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="give growing times"):
        Retention(**wrong)


@pytest.mark.parametrize("wrong", [{"windows_days": 0}, {"joins_days": 0}])
def test_nothing_is_kept_for_no_time(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="give 1 or more"):
        Retention(**wrong)
