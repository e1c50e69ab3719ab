"""What was wrong with refused rows reaches the windows of the version that was drawn, by kind and column."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.unit.dataplane.two_arms import ONE, TwoArms

from hythe.base.errors import Invalid, Unavailable
from hythe.monitor.windows.window import merge
from hythe.runtime.counters import Counters


@pytest_asyncio.fixture
async def house(counters: Counters) -> AsyncIterator[TwoArms]:
    found = TwoArms(counters)
    found.arms = found.arms[:1]
    await found.plane.start()
    yield found
    await found.plane.close()


async def refused(house: TwoArms, row: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await house.ask(row)


async def test_faults_are_counted_by_kind_and_column(house: TwoArms) -> None:
    await house.follow(4)
    await house.ask({"x": 1.0})
    for row in ({"x": "12 kg"}, {"x": "1,5"}, {"x": "2,5"}, {"X": 1.0}, {"shoe size": 1.0}):
        await refused(house, row)
    first, *more = house.windows()
    for window in more:
        first = merge(first, window)
    assert (first.version, first.revision) == (ONE, 4)
    assert first.requests == {"answered": 1, "refused:invalid": 5}
    assert first.faults == {
        "unit:x": 1,
        "decimal_comma:x": 2,
        "renamed_column:x": 1,
        "unknown_column:": 1,
    }


async def test_kinds_of_faults_are_counted_for_metrics(house: TwoArms, counters: Counters) -> None:
    await house.follow(4)
    for row in ({"x": "12 kg"}, {"x": "13 kg"}, {"X": 1.0}):
        await refused(house, row)
    found = {
        dict(labels)["kind"]: values[0]
        for (name, labels), values in counters.read().items()
        if name == "hythe_row_faults_total"
    }
    assert found == {"unit": 2.0, "renamed_column": 1.0}


async def test_a_failure_of_the_models_is_no_fault_of_the_rows(house: TwoArms) -> None:
    await house.follow(4)
    house.sessions[ONE].broken = True
    with pytest.raises(Unavailable):
        await house.ask({"x": 1.0})
    assert all(not window.faults for window in house.windows())
