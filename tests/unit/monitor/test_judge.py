"""Weighted Benjamini-Hochberg, against its definition and against alarms counted in simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.monitor.judge import LEAST_WEIGHT, adjust, judge, limits
from hythe.monitor.period import Candidate

P_VALUES = st.lists(st.tuples(st.floats(1e-12, 1.0), st.floats(0.1, 3.0)), min_size=1, max_size=12)


def rejected(p_values: Sequence[float], weights: Sequence[float], alpha: float) -> set[int]:
    """Try every number of rejections, the largest first, as Genovese, Roeder and Wasserman define it."""
    q = [p / weight for p, weight in zip(p_values, weights, strict=True)]
    for count in range(len(q), 0, -1):
        bar = alpha * count / len(q)
        inside = {place for place, value in enumerate(q) if value <= bar}
        if len(inside) >= count:
            return inside
    return set()


def candidate(p_value: float, weight: float = 1.0) -> Candidate:
    return Candidate(
        kind="drift", check="distribution", subject="feature:a", p_value=p_value, fine="fine", found="found",
        weight=weight,
    )  # fmt: skip


@given(P_VALUES, st.floats(0.001, 0.5))
def test_what_is_rejected_is_what_the_definition_rejects(
    pairs: list[tuple[float, float]], alpha: float
) -> None:
    p_values, raw = zip(*pairs, strict=True)
    weights = [weight * len(raw) / sum(raw) for weight in raw]
    expected = rejected(p_values, weights, alpha)
    adjusted = adjust(p_values, weights)
    clear = [place for place, level in enumerate(adjusted) if abs(level - alpha) > 1e-9]
    assert {place for place in clear if adjusted[place] <= alpha} == expected & {*clear}


@given(P_VALUES, st.floats(0.001, 0.5))
def test_each_limit_is_where_the_definition_begins_to_reject(
    pairs: list[tuple[float, float]], alpha: float
) -> None:
    p_values, raw = zip(*pairs, strict=True)
    weights = [weight * len(raw) / sum(raw) for weight in raw]
    for place, limit in enumerate(limits(p_values, weights, alpha)):
        for p, expected in ((limit * (1.0 - 1e-6), True), (limit * (1.0 + 1e-6), False)):
            if p < 1.0 and not any(abs(p / other - 1.0) < 1e-5 for other in p_values):
                found = rejected([*p_values[:place], p, *p_values[place + 1 :]], weights, alpha)
                assert (place in found) is expected


def test_a_finding_says_at_which_p_value_it_would_have_alarmed() -> None:
    alone, beside = judge([candidate(1e-4), candidate(0.5)], 0.01)
    assert alone.details["p_limit"] == pytest.approx(0.005)
    assert beside.details["p_limit"] == pytest.approx(0.01)
    assert alone.limit is beside.limit is None


def test_unweighted_it_is_scipys() -> None:
    from scipy.stats import false_discovery_control

    p_values = np.random.default_rng(0).uniform(0, 0.2, 40)
    assert adjust(p_values.tolist(), [1.0] * 40) == pytest.approx(false_discovery_control(p_values).tolist())


def test_a_feature_that_matters_more_alarms_at_a_larger_p_value() -> None:
    found = judge([candidate(0.004, 1.0), candidate(0.004, 0.2)], 0.005)
    assert [finding.verdict for finding in found] == ["alarm", "ok"]
    assert [finding.message for finding in found] == ["found", "fine"]


def test_a_test_with_a_smaller_share_alarms_at_a_smaller_p_value() -> None:
    small = replace(candidate(0.8), share=0.5)
    assert [finding.details["p_limit"] for finding in judge([candidate(0.9), small], 0.003)] == pytest.approx(
        [0.002, 0.001]
    )
    assert judge([replace(candidate(1e-9), share=0.0)], 1e-4)[0].verdict == "alarm"


def test_a_feature_that_does_not_matter_can_still_alarm() -> None:
    important = [candidate(0.5, 1.0)] * 9
    assert judge([*important, candidate(1e-9, 0.0)], 1e-4)[-1].verdict == "alarm"
    assert LEAST_WEIGHT > 0.0


def test_nothing_to_judge_gives_nothing() -> None:
    assert judge([], 0.05) == ()


@pytest.mark.parametrize("together", [0.0, 0.7, 1.0])
def test_without_drift_endpoints_alarm_no_more_often_than_stated(together: float) -> None:
    from scipy.special import ndtr

    rng = np.random.default_rng(1)
    repeats, features, alpha = 4000, 20, 0.05
    common = rng.normal(size=(repeats, 1))
    z = np.sqrt(together) * common + np.sqrt(1.0 - together) * rng.normal(size=(repeats, features))
    p_values = 2.0 * ndtr(-np.abs(z))
    raw = rng.lognormal(size=features)
    weights = (raw / raw.mean()).tolist()
    alarms = np.mean([min(adjust(each.tolist(), weights)) <= alpha for each in p_values])
    assert alarms <= alpha + 3.0 * np.sqrt(alpha * (1.0 - alpha) / repeats)
