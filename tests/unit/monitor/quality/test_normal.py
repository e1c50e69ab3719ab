"""Where variation between windows was learned, data quality is held against it and not against draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.monitor.quality.real import Reference

from hythe.monitor.drift.learning import learn
from hythe.monitor.drift.normal import Normal
from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Check, Period
from hythe.monitor.quality.frozen import Frozen
from hythe.monitor.quality.missing import Missing
from hythe.monitor.quality.out_of_range import OutOfRange
from hythe.monitor.quality.scale import Scale
from hythe.monitor.quality.unseen import Unseen
from hythe.monitor.windows.window import Window

CHECKS: tuple[Check, ...] = (Missing(), OutOfRange(), Unseen(), Frozen(), Scale())
HOUR_S = 3600


def hour(at: int, rows: int = 400) -> Any:
    """Draw an hour's rows: at night fewer towns, more missing charges; `hour` stands still for an hour."""
    rng = np.random.default_rng(at)
    night = at % 24 < 6
    charges = np.where(rng.random(rows) < (0.4 if night else 0.05), np.nan, rng.gamma(4.0, 10.0, rows))
    towns = rng.choice(["A", "B", "C"], rows, p=[0.8, 0.1, 0.1] if night else [0.3, 0.3, 0.4])
    return pd.DataFrame({"charges": charges, "town": towns, "hour": np.full(rows, float(at % 24))})


@lru_cache(maxsize=1)
def known() -> Reference:
    return Reference(pd.concat([hour(at, 50) for at in range(24)]).reset_index(drop=True), 24 * 50)


def window(frame: Any, at: int) -> Window:
    found = known().period(frame).window
    return type(found)("e", "1.0.0", at * HOUR_S, HOUR_S, counted_rows=len(frame), features=found.features)


@lru_cache(maxsize=1)
def normal() -> Normal:
    return learn([window(hour(at), at) for at in range(1000, 1000 + 14 * 24)], known().baseline, HOUR_S)


def alarms(frame: Any, at: int, *, learned: bool = True) -> set[tuple[str, str]]:
    period = Period(window=window(frame, at), baseline=known().baseline, schema=known().schema)
    given: list[Candidate | Finding] = []
    for check in CHECKS:
        given += check.look(replace(period, normal=normal()) if learned else period)
    tests = [one for one in given if isinstance(one, Candidate)]
    return {(one.check, one.subject) for one in tests if one.p_value * len(tests) <= 1e-4}


LATER = 1000 + 20 * 24


@pytest.mark.parametrize("at", range(LATER, LATER + 24, 5))
def test_a_nights_and_a_days_usual_rows_raise_nothing(at: int) -> None:
    assert alarms(hour(at), at) == set()


def test_without_learning_the_same_rows_would() -> None:
    assert ("frozen", "feature:hour") in alarms(hour(LATER), LATER, learned=False)
    assert ("missing", "feature:charges") in alarms(hour(LATER), LATER, learned=False)


@pytest.mark.parametrize(
    ("column", "change", "check"),
    [
        ("charges", lambda values: values.where(np.arange(len(values)) % 5 == 0), "missing"),
        ("charges", lambda values: values * 100.0, "range"),
        ("town", lambda values: values.replace("A", "Z"), "unseen"),
    ],
)
def test_what_is_not_usual_at_any_time_is_still_found(
    column: str, change: Callable[[Any], Any], check: str
) -> None:
    frame = hour(LATER)
    frame[column] = change(frame[column])
    assert (check, f"feature:{column}") in alarms(frame, LATER)


def test_what_nothing_was_learned_of_is_not_tested() -> None:
    bare = Normal(period_s=HOUR_S, start=0, windows=0)
    period = Period(window=window(hour(LATER), LATER), baseline=known().baseline, schema=known().schema)
    assert [item for check in CHECKS for item in check.look(replace(period, normal=bare))] == []
