"""Waits, budgets, and the server's own wish."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Busy, Denied, Invalid, TimedOut, Unavailable
from hythe.client.retry import Budget, Patience, retry_after_s
from hythe.client.tries import Call, Desk, Tries
from hythe.testing.fake_clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GET = Call(method="GET", path="/")


def desk(clock: FakeClock, budget: Budget | None = None, draw: float = 1.0, **patience: float) -> Desk:
    return Desk(
        url="http://here",
        patience=Patience(**patience),  # type: ignore[arg-type]
        clock=clock,
        random=lambda: draw,
        had_key=True,
        budget=budget or Budget(),
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0.0),
        ("Thursday, 01-Jan-26 00:00:05 GMT", 5.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


@given(st.integers(1, 500), st.floats(0, 1))
def test_a_wait_lies_between_nothing_and_the_doubled_bound(failures: int, draw: float) -> None:
    wait = Patience(first_s=0.1, most_s=7.0).wait_s(failures, draw)
    assert 0 <= wait <= min(7.0, 0.1 * 2.0 ** min(failures - 1, 100))


def test_retries_stay_a_share_of_the_traffic() -> None:
    budget = Budget(per_request=0.1, at_once=5, most=50)
    spent = 0
    for _ in range(1000):
        budget.save()
        spent += budget.spend()
    assert spent == pytest.approx(0.1 * 1000 + 5, abs=1)


def test_what_is_saved_is_bounded() -> None:
    budget = Budget(per_request=1.0, at_once=0, most=3)
    for _ in range(100):
        budget.save()
    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]


def test_the_servers_wish_comes_before_the_own_back_off() -> None:
    tries = Tries(GET, desk(FakeClock(), draw=0.0))
    assert tries.answered(429, {"retry-after": "3"}, b"{}") == 3.0
    assert tries.answered(503, {"retry-after": "Thu, 01 Jan 2026 00:00:04 GMT"}, b"{}") == 4.0


def test_a_wish_beyond_the_deadline_is_not_waited_for() -> None:
    tries = Tries(GET, desk(FakeClock(), timeout_s=2.0))
    with pytest.raises(Busy) as caught:
        tries.answered(429, {"retry-after": "3"}, b'{"error": "full", "code": "busy"}')
    assert (str(caught.value), caught.value.retry_after_s) == ("full", 3.0)


def test_each_try_tells_the_server_the_time_that_is_left() -> None:
    clock = FakeClock()
    tries = Tries(GET, desk(clock, timeout_s=10.0))
    assert tries.headers(tries.left_s())["hythe-timeout-ms"] == "10000"
    clock.tick(4.0)
    assert tries.headers(tries.left_s())["hythe-timeout-ms"] == "6000"
    clock.tick(6.0)
    with pytest.raises(TimedOut, match="within 10 s"):
        tries.left_s()


def test_no_more_retries_than_asked_for() -> None:
    tries = Tries(GET, desk(FakeClock(), retries=2))
    error = OSError("refused")
    assert tries.unreached(error) == 0.05
    assert tries.unreached(error) == 0.1
    with pytest.raises(
        Unavailable, match="http://here does not answer: refused; is a server running there"
    ) as caught:
        tries.unreached(error)
    assert caught.value.__notes__ == ["tried 3 times"]


def test_an_empty_budget_ends_the_tries_and_is_counted() -> None:
    shared = desk(FakeClock(), Budget(at_once=0))
    with pytest.raises(Unavailable):
        Tries(GET, shared).answered(503, {}, b'{"error": "loading", "code": "unavailable"}')
    assert (shared.stats.out_of_budget, shared.stats.failed, shared.stats.turned_away) == (1, 1, 1)


def test_what_may_not_be_made_twice_is_not_repeated_once_it_was_sent() -> None:
    once = Call(method="POST", path="/", repeatable=False)
    shared = desk(FakeClock())
    assert Tries(once, shared).unreached(OSError("refused")) == 0.05
    with pytest.raises(Unavailable, match="closed the connection"):
        Tries(once, shared).dropped(OSError("reset"))
    with pytest.raises(Unavailable):
        Tries(once, shared).answered(503, {}, b"")


def test_only_the_first_break_of_an_old_connection_is_free() -> None:
    tries = Tries(GET, desk(FakeClock(), retries=0))
    tries.headers(1.0)
    assert tries.dropped(OSError("reset")) == 0.0
    tries.headers(1.0)
    with pytest.raises(Unavailable):
        tries.dropped(OSError("reset"))


def test_a_break_of_a_new_connection_counts_as_a_failure() -> None:
    tries = Tries(GET, desk(FakeClock(), retries=0))
    tries.headers(1.0)
    tries.note("connection.connect_tcp.started")
    with pytest.raises(Unavailable):
        tries.dropped(OSError("reset"))


def test_what_will_not_change_is_not_tried_again() -> None:
    with pytest.raises(Denied, match=r"^not yours$"):
        Tries(GET, desk(FakeClock())).answered(403, {}, b'{"error": "not yours", "code": "denied"}')


@pytest.mark.parametrize("wrong", [{"timeout_s": 0}, {"retries": -1}, {"first_s": 9.0}, {"connect_s": -1.0}])
def test_patience_checks_itself(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        Patience(**wrong)  # type: ignore[arg-type]
