"""Seasons: windows at the same time of the day or the week are alike, and are compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

from hythe.base.clock import DAY_S

WEEK_S = 7 * DAY_S
_FIRST_MONDAY = 4 * DAY_S
_SATURDAY = 5
LEAST_A_SLOT = 2

Season: TypeAlias = Literal["none", "day", "weekend", "week"]
"""Which windows are alike: all; those of a time of day; the same, weekends apart; those of a time of week."""
SEASONS: tuple[Season, ...] = ("none", "day", "weekend", "week")


def slot(season: Season, start: int, period_s: int) -> int:
    """Name the slot of a window that begins at second `start` (UTC); weeks begin on Monday.

    >>> friday, saturday = 8 * 86400, 9 * 86400
    >>> slot("day", friday + 3 * 3600, 3600), slot("weekend", saturday, 3600), slot("week", friday, 86400)
    (3, 24, 4)
    """
    week = (start - _FIRST_MONDAY) % WEEK_S
    if season == "none":
        return 0
    if season == "week":
        return week // period_s
    times = max(1, DAY_S // period_s)
    on_weekend = season == "weekend" and week // DAY_S >= _SATURDAY
    return start % DAY_S // period_s + times * on_weekend


def learnable(starts: Sequence[int], period_s: int) -> list[Season]:
    """Give the seasons that windows with these starts can teach: each of their slots has two or more.

    Those that part the windows no further than the ones before are left out.

    >>> learnable(range(0, 7 * 86400, 3600), 3600), learnable(range(0, 14 * 86400, 86400), 86400)
    (['none', 'day', 'weekend'], ['none', 'weekend', 'week'])
    """
    found: list[Season] = []
    most = 0
    for season in SEASONS:
        slots = Counter(slot(season, start, period_s) for start in starts)
        if _whole(season, period_s) and len(slots) > most and min(slots.values()) >= LEAST_A_SLOT:
            found.append(season)
            most = len(slots)
    return found


def _whole(season: Season, period_s: int) -> bool:
    """Tell whether a season has a whole number of periods."""
    return season == "none" or (WEEK_S if season == "week" else DAY_S) % period_s == 0
