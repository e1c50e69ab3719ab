"""Traffic, errors and latency are held against limits by exact tests; other libraries confirm them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hythe.base.errors import Invalid
from hythe.monitor.finding import Finding, Report
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.service.errors import errors
from hythe.monitor.service.history import served_in
from hythe.monitor.service.judge import service
from hythe.monitor.service.latency import latency, quantile_interval
from hythe.monitor.service.limits import ServiceLimits
from hythe.monitor.service.served import Served, comparable
from hythe.monitor.service.traffic import fallen_p_value, traffic
from hythe.monitor.windows.timing import Timing, timings
from hythe.monitor.windows.window import Window
from hythe.statistics.clopper_pearson import rate_bounds

HOUR = 3600
DAY = 24 * HOUR
ALPHA = 1e-4


def past(n: int, period_s: int = HOUR, **fields: Any) -> list[Served]:
    known = {"requests": 1000, "whole": 1000.0, "tried": 1000, "quantiles_s": {"p99": 0.1}}
    return [Served(start=place * period_s, period_s=period_s, **{**known, **fields}) for place in range(n)]


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (0, 100), (3, 100), (50, 100), (100, 100), (7, 10_000)])
def test_the_interval_of_a_rate_is_clopper_and_pearsons(hits: int, n: int) -> None:
    found = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert rate_bounds(hits, n, 0.025) == pytest.approx((found.low, found.high), abs=1e-12)


def test_errors_alarm_when_they_are_proven_to_be_more_than_the_limit() -> None:
    few = errors(Served(start=0, period_s=HOUR, tried=100, failed=3), [], None, ALPHA)
    many = errors(Served(start=0, period_s=HOUR, tried=10_000, failed=300), [], None, ALPHA)
    stated = errors(Served(start=0, period_s=HOUR, tried=10_000, failed=300), [], 0.05, ALPHA)
    assert few is not None
    assert many is not None
    assert stated is not None
    assert [each.verdict for each in (few, many, stated)] == ["ok", "alarm", "ok"]
    assert (many.value, many.limit, stated.limit) == (0.03, 0.01, 0.05)
    assert errors(Served(start=0, period_s=HOUR), [], None, ALPHA) is None


def test_without_a_limit_errors_are_held_against_twice_the_past() -> None:
    served = Served(start=0, period_s=HOUR, tried=10_000, failed=300)
    usual = errors(served, past(24, failed=20), None, ALPHA)
    quiet = errors(served, past(24, failed=1), None, ALPHA)
    assert usual is not None
    assert quiet is not None
    assert (usual.verdict, usual.limit, quiet.limit) == ("ok", 0.04, 0.01)


def test_the_rate_at_the_limit_alarms_no_more_often_than_stated() -> None:
    n, limit, level = 500, 0.01, 0.05
    alarming = [
        failed
        for failed in range(60)
        if rate_bounds(failed, n, level)[0] > limit
    ]  # fmt: skip
    assert 0.0 < stats.binom.sf(min(alarming) - 1, n, limit) <= level


def test_the_interval_of_a_quantile_misses_no_more_often_than_stated() -> None:
    rng, level, true = np.random.default_rng(3), 0.05, float(stats.lognorm.ppf(0.95, 0.5, scale=0.01))
    bounds = [
        quantile_interval(
            timings(stats.lognorm.rvs(0.5, scale=0.01, size=300, random_state=rng)), 0.95, level
        )
        for _ in range(400)
    ]
    below = sum(low > true for low, _ in bounds) / 400
    above = sum(high < true for _, high in bounds) / 400
    assert below <= level + 0.02
    assert above <= level + 0.02
    assert np.median([high / low for low, high in bounds]) < 2.0


def test_latency_alarms_beyond_a_limit_or_twice_the_past() -> None:
    timing = timings(np.full(1000, 0.25))
    stated = latency(timing, [], ServiceLimits(p99_s=0.2), ALPHA)
    own = latency(timing, past(24), ServiceLimits(), ALPHA)
    unknown = latency(timing, [], ServiceLimits(), ALPHA)
    assert {each.check: each.verdict for each in stated} == {
        "latency_p50": "ok", "latency_p95": "ok", "latency_p99": "alarm",
    }  # fmt: skip
    assert [each.verdict for each in own] == ["ok", "ok", "alarm"]
    assert {each.verdict for each in unknown} == {"ok"}
    assert latency(Timing(), [], ServiceLimits(p99_s=0.2), ALPHA) == []


def test_few_slow_answers_prove_nothing_of_a_quantile() -> None:
    timing = timings(np.array([0.001] * 98 + [3.0] * 2))
    assert {each.verdict for each in latency(timing, [], ServiceLimits(p99_s=1.0), ALPHA)} == {"ok"}


@pytest.mark.parametrize(("seen", "expected"), [(0, 30.0), (5, 40.0), (400, 1000.0)])
def test_a_fall_of_traffic_has_poissons_probability(seen: int, expected: float) -> None:
    assert fallen_p_value(seen, expected) == pytest.approx(stats.poisson.cdf(seen, expected / 4))


def test_traffic_alarms_below_a_quarter_of_the_quietest_period_like_it() -> None:
    known = past(24, whole=800.0)
    seen = {
        n: traffic(Served(start=0, period_s=HOUR, requests=n), known, 1.0, ALPHA).verdict
        for n in (0, 130, 190, 800)
    }
    assert seen == {0: "alarm", 130: "alarm", 190: "ok", 800: "ok"}


@pytest.mark.parametrize(("rate", "burst", "weekend"), [(1000, 0.0, 1.0), (1000, 0.1, 0.3), (20, 0.02, 0.3)])
def test_days_and_weekends_and_bursts_of_traffic_are_no_alarm(
    rate: float, burst: float, weekend: float
) -> None:
    rng, known, level = np.random.default_rng(1), list[Served](), MonitorPolicy().alpha(HOUR) / 30
    for hour in range(28 * 24):
        mean = rate * (1.0 + 0.9 * math.sin(math.tau * hour / 24)) * (weekend if hour // 24 % 7 >= 5 else 1.0)
        mean *= rng.gamma(1.0 / burst, burst) if burst else 1.0
        n = int(rng.poisson(mean))
        served = Served(start=hour * HOUR, period_s=HOUR, requests=n, whole=float(n))
        assert traffic(served, comparable(known[-168:], served.start), 1.0, level).verdict == "ok"
        known.append(served)


def test_a_version_that_is_to_get_a_tenth_is_held_against_a_tenth() -> None:
    served = Served(start=0, period_s=HOUR, requests=90)
    assert traffic(served, past(24), 0.1, ALPHA).verdict == "ok"
    assert traffic(served, past(24), 1.0, ALPHA).verdict == "alarm"
    assert traffic(Served(start=0, period_s=HOUR), past(24), 0.0, ALPHA).verdict == "ok"


def test_periods_are_like_those_of_the_same_time_of_day_once_a_week_is_known() -> None:
    week = past(7 * 24)
    assert [each.start // DAY for each in comparable(week, 7 * DAY + 5 * HOUR)] == [0, 1, 2, 3, 4, 5, 6]
    assert {each.start % DAY for each in comparable(week, 7 * DAY + 5 * HOUR)} == {5 * HOUR}
    assert len(comparable(week[:24], DAY)) == 24
    assert comparable(week[:23], DAY - HOUR) == []
    assert comparable([], DAY) == []


def test_what_a_report_says_of_service_reads_back() -> None:
    window = Window(
        "scoring",
        "1.0.0",
        0,
        HOUR,
        share=0.25,
        requests={"answered": 90, "failed:internal": 6, "refused:invalid": 4},
        rescued=2,
        request_s=timings(np.full(90, 0.02)),
    )
    served = Served.of([window], 0, HOUR)
    assert (served.requests, served.whole, served.tried, served.failed) == (100, 400.0, 98, 8)
    findings = service(served, window.request_s, [], ServiceLimits(), ALPHA)
    report = Report(
        endpoint="scoring", version="1.0.0", start=0, period_s=HOUR, rows=90, alpha=ALPHA,
        findings=tuple(findings),
    )  # fmt: skip
    assert served_in(report) == served
    empty = Report(endpoint="scoring", version="1.0.0", start=0, period_s=HOUR, rows=0, alpha=ALPHA)
    assert served_in(empty) == Served.silent(0, HOUR)


def test_nothing_of_service_alarms_more_often_than_stated_in_all() -> None:
    rng, known, alarms = np.random.default_rng(5), past(30, requests=400, whole=400.0, tried=400), 0
    limits, repeats = ServiceLimits(error_rate=0.02, p50_s=0.011, p95_s=0.03, p99_s=0.04), 300
    for _ in range(repeats):
        failed = int(rng.binomial(400, 0.02))
        served = Served(start=30 * HOUR, period_s=HOUR, requests=400, tried=400, failed=failed)
        timing = timings(stats.lognorm.rvs(0.5, scale=0.01, size=400, random_state=rng))
        alarms += any(each.verdict == "alarm" for each in service(served, timing, known, limits, 0.05))
    assert alarms / repeats <= 0.05 + 0.03


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"error_rate": 1.0}, "error_rate is 1.0"),
        ({"p99_s": 0.0}, "p99_s is 0.0"),
        ({"p50_s": math.inf}, "inf"),
    ],
)
def test_a_limit_that_says_nothing_is_refused(fields: dict[str, float], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        ServiceLimits(**fields)


def test_findings_are_sentences() -> None:
    found: list[Finding] = service(
        Served(start=0, period_s=HOUR, requests=10, tried=10, failed=10), Timing(), [], ServiceLimits(), 0.1
    )
    assert found[0].message == "10 requests, 0.00278 a second"
    assert found[1].message.startswith("100.00% of 10 requests failed (between")
