"""Windows are short where somebody waits for them, or looks at periods that would end within longer ones."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.operations.monitoring.policy import FORMAT
from hythe.registry.monitors import MonitorRecord
from hythe.server.observing.hurry import Hurry


def settings(**document: Any) -> MonitorRecord:
    return MonitorRecord("scoring", 1, {"format": FORMAT, **document}, "2026-01-01T00:00:00Z", "ana")


@pytest.mark.parametrize(("document", "expected"), [
    ({}, False),
    ({"periods_s": [3600, 86400]}, False),
    ({"periods_s": [60]}, False),
    ({"periods_s": [3600, 5]}, True),
    ({"periods_s": [90]}, True),
    ({"periods_s": "no list"}, False),
])  # fmt: skip
def test_periods_of_seconds_need_windows_of_one(document: dict[str, Any], expected: bool) -> None:
    hurry = Hurry(lambda: False, lambda: [settings(), settings(**document)])
    assert not hurry()
    hurry.look()
    assert hurry() is expected


def test_an_endpoint_that_moves_does_not_wait_for_a_look() -> None:
    moving = [True]
    hurry = Hurry(lambda: moving[0], list)
    assert hurry()
    moving[0] = False
    assert not hurry()
