"""Figures from two scrapes, worked out by hand."""

import pytest

from hythe.client import Readiness, Sample
from hythe.operations.top import Scrape, bucket_quantile, view

CHURN = {"endpoint": "churn", "version": "1.0.0"}
READY = Readiness(ready=True, endpoints={"churn": True})


def requests(answered: float, busy: float = 0.0) -> list[Sample]:
    name = "hythe_requests_total"
    return [
        Sample(name, CHURN | {"outcome": "answered", "reason": ""}, answered),
        Sample(name, CHURN | {"outcome": "failed", "reason": "busy"}, busy),
    ]


def durations(fast: float, slow: float) -> list[Sample]:
    name = "hythe_request_duration_seconds_bucket"
    of = CHURN | {"outcome": "answered"}
    return [
        Sample(name, of | {"le": le}, n)
        for le, n in (("0.1", fast), ("0.2", fast + slow), ("+Inf", fast + slow))
    ]


def test_rates_are_over_the_time_between_two_scrapes() -> None:
    before = Scrape(10.0, [*requests(100), Sample("hythe_rows_total", CHURN, 1000)], READY)
    after = Scrape(12.0, [*requests(190, 10), Sample("hythe_rows_total", CHURN, 1800)], READY)
    (line,) = view(before, after).lines
    assert (line.requests, line.rows, line.errors, line.shed) == (50.0, 400.0, 0.1, 5.0)


def test_quantiles_and_means_are_of_what_came_between() -> None:
    def batches(total: float, count: float) -> list[Sample]:
        return [Sample("hythe_batch_rows_sum", CHURN, total), Sample("hythe_batch_rows_count", CHURN, count)]

    def waits(total_s: float, count: float) -> list[Sample]:
        name = "hythe_queue_duration_seconds"
        return [Sample(f"{name}_sum", CHURN, total_s), Sample(f"{name}_count", CHURN, count)]

    before = Scrape(0.0, [*requests(9), *durations(1000, 0), *batches(500, 500), *waits(9.0, 9)], READY)
    after = Scrape(1.0, [*requests(9), *durations(1000, 100), *batches(540, 510), *waits(9.5, 109)], READY)
    (line,) = view(before, after).lines
    assert line.p50_ms == pytest.approx(150.0)
    assert line.p99_ms == pytest.approx(199.0)
    assert line.batch_rows == 4.0
    assert line.queue_ms == pytest.approx(5.0)


def test_what_the_server_does_not_give_is_left_open() -> None:
    (line,) = view(Scrape(0.0, requests(1), READY), Scrape(1.0, requests(2), READY)).lines
    assert line.requests == 1.0
    left_open = (
        line.rows,
        line.p99_ms,
        line.batch_rows,
        line.cache_hits,
        line.in_flight,
        line.queue_ms,
        line.queue_rows,
        line.degraded,
    )
    assert set(left_open) == {None}


def test_rows_that_wait_are_those_of_the_last_scrape() -> None:
    def waiting(rows: float) -> list[Sample]:
        return [*requests(1), Sample("hythe_queue_rows", CHURN, rows)]

    (line,) = view(Scrape(0.0, waiting(500), READY), Scrape(1.0, waiting(20), READY)).lines
    assert line.queue_rows == 20.0


def test_a_server_that_was_started_anew_counts_from_zero() -> None:
    (line,) = view(Scrape(0.0, requests(1000), READY), Scrape(1.0, requests(30), READY)).lines
    assert line.requests == 30.0


def test_an_endpoint_without_requests_is_shown_too() -> None:
    both = Readiness(ready=False, draining=True, endpoints={"churn": True, "fraud": False})
    seen = view(Scrape(0.0, requests(1), READY), Scrape(1.0, requests(2), both))
    assert [(line.endpoint, line.ready) for line in seen.lines] == [("churn", True), ("fraud", False)]
    assert (seen.ready, seen.draining, seen.restarts) == (False, True, None)


def test_restarts_are_counted_over_all_slots() -> None:
    restarts = [Sample("hythe_worker_restarts_total", {"role": role}, 2) for role in ("http", "grpc")]
    assert view(Scrape(0.0, [], READY), Scrape(1.0, restarts, READY)).restarts == 4


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({}, None),
        ({"1": 0.0, "+Inf": 0.0}, None),
        ({"1": 0.0, "+Inf": 5.0}, 1.0),
        ({"1": 4.0, "+Inf": 4.0}, 0.5),
    ],
)
def test_quantiles_at_the_edges_follow_prometheus(buckets: dict[str, float], expected: float | None) -> None:
    assert bucket_quantile(buckets, 0.5) == expected
