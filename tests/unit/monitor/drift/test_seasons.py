from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hythe.monitor.drift.seasons import Season, learnable, slot

HOUR_S, DAY_S = 3600, 86400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("text", ["2026-11-21T05:00", "2024-02-29T23:00", "1969-12-31T00:00"])
def test_slots_are_those_of_the_calendar(text: str) -> None:
    moment = datetime.fromisoformat(text)
    start = at(text)
    assert slot("day", start, HOUR_S) == moment.hour
    assert slot("week", start, HOUR_S) == 24 * moment.weekday() + moment.hour
    assert slot("week", start, DAY_S) == moment.weekday()
    assert slot("weekend", start, HOUR_S) == moment.hour + 24 * (moment.weekday() >= 5)
    assert slot("weekend", start, DAY_S) == (moment.weekday() >= 5)


@pytest.mark.parametrize(
    ("days", "period_s", "expected"),
    [
        (1, HOUR_S, ["none"]),
        (2, HOUR_S, ["none", "day"]),
        (7, HOUR_S, ["none", "day", "weekend"]),
        (14, HOUR_S, ["none", "day", "weekend", "week"]),
        (14, DAY_S, ["none", "weekend", "week"]),
        (14, 7 * HOUR_S, ["none", "week"]),
        (50, 5 * HOUR_S + 1, ["none"]),
    ],
)
def test_a_season_takes_two_windows_of_each_of_its_slots(
    days: int, period_s: int, expected: list[Season]
) -> None:
    monday = at("2026-11-16T00:00")
    starts = range(monday // period_s * period_s, monday + days * DAY_S, period_s)
    assert learnable(starts, period_s) == expected
