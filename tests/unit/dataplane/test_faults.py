"""The server's own faults: each is told of, and one that repeats does not fill a disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hythe.base.errors import Busy, HytheError, Invalid, TimedOut, Unavailable
from hythe.dataplane.ask import Ask, Caller
from hythe.dataplane.faults import MOST_LINES, PERIOD_S, Faults
from hythe.dataplane.ticket import Ticket
from hythe.testing.fake_clock import FakeClock

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def faults(clock: FakeClock) -> Faults:
    return Faults(clock.monotonic_s)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def broken() -> Exception:
    with pytest.raises(ValueError, match="the secret") as raised:
        int("the secret")
    return raised.value


def ticket() -> Ticket:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    found = Ticket(Ask(caller=Caller("ana"), trace=trace, door="json"))
    found.id = "017f22e2-79b0-7000-8000-000000000000"
    return found


def test_a_line_says_which_request_had_which_fault_and_where_it_came_from(
    faults: Faults, lines: Lines
) -> None:
    fault = faults.spoken(broken())
    faults.tell(fault, ticket(), endpoint="churn", version="1.0.0")
    [line] = lines()
    incident = str(fault).rpartition(" ")[2]
    expected = {
        "log.level": "error", "event.dataset": "hythe.error", "error.id": incident, "error.code": "internal",
        "error.type": "ValueError", "error.message": "invalid literal for int() with base 10: 'the secret'",
        "hythe.endpoint": "churn", "hythe.version": "1.0.0",
        "hythe.prediction_id": "017f22e2-79b0-7000-8000-000000000000",
        "trace.id": "ab" * 16, "user.name": "ana", "hythe.door": "json", "message": "unexpected error",
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected
    assert "in broken\n" in line["error.stack_trace"]
    assert "secret" not in str(fault)


@pytest.mark.parametrize("err", [Invalid("a row"), Busy("full")], ids=["invalid", "busy"])
def test_what_is_no_fault_of_the_server_is_not_told(faults: Faults, lines: Lines, err: HytheError) -> None:
    faults.tell(err, ticket())
    assert lines() == []


@pytest.mark.parametrize("err", [Unavailable("away"), TimedOut("late")], ids=["unavailable", "timed_out"])
def test_a_fault_that_was_expected_is_told_as_it_is(faults: Faults, lines: Lines, err: HytheError) -> None:
    faults.tell(err, ticket(), endpoint="churn")
    [line] = lines()
    assert (line["message"], line["error.message"], line["error.code"]) == (str(err), str(err), err.code)
    assert line["error.id"]


def test_a_fault_that_repeats_is_told_now_and_then_with_the_number_left_out(
    faults: Faults, lines: Lines, clock: FakeClock
) -> None:
    ids = set()
    for _ in range(1000):
        fault = faults.spoken(broken())
        ids.add(str(fault).rpartition(" ")[2])
        faults.tell(fault, ticket())
    first = lines()
    assert len(first) == MOST_LINES
    assert ids == {line["error.id"] for line in first}, "a client was given an id that the log does not know"
    clock.tick(PERIOD_S)
    faults.tell(faults.spoken(broken()), ticket())
    [line] = lines()
    assert line["hythe.suppressed"] == 1000 - MOST_LINES


def test_requests_that_share_one_fault_count_each(faults: Faults, lines: Lines, clock: FakeClock) -> None:
    fault = faults.spoken(broken())
    for _ in range(64):
        faults.tell(fault, ticket())
    assert len(lines()) == 1
    clock.tick(PERIOD_S)
    faults.tell(faults.spoken(broken()))
    assert lines()[0]["hythe.suppressed"] == 63


def test_the_same_fault_with_other_numbers_is_the_same(faults: Faults, lines: Lines) -> None:
    for number in range(100):
        faults.tell(Unavailable(f"version 1.0.0 rests for {number / 10} s"), endpoint="churn")
    assert len(lines()) == MOST_LINES


def test_one_version_does_not_hide_the_faults_of_another(faults: Faults, lines: Lines) -> None:
    for _ in range(100):
        faults.tell(Unavailable("away"), endpoint="churn", version="1.0.0")
    faults.tell(Unavailable("away"), endpoint="fraud", version="1.0.0")
    assert [line["hythe.endpoint"] for line in lines()] == ["churn"] * MOST_LINES + ["fraud"]


def test_faults_without_number_have_lines_within_bounds(faults: Faults, lines: Lines) -> None:
    for number in range(5000):
        faults.tell(Unavailable("away"), endpoint=f"endpoint-{number}")
    assert len(lines()) < 300
    assert len(faults._known) < 300


def test_a_fault_that_no_request_had_is_told_once(faults: Faults, lines: Lines) -> None:
    fault = faults.spoken(broken())
    faults.tell(fault, ticket())
    faults.tell_once(fault, "/metrics")
    faults.tell_once(None)
    assert len(lines()) == 1
    faults.tell_once(Unavailable("away"), "/metrics")
    assert [line["url.path"] for line in lines()] == ["/metrics"]
