"""How often an endpoint may alarm for nothing is shared out over periods."""

from __future__ import annotations

import pytest

from hythe.base.clock import DAY_S
from hythe.monitor.policy import MonitorPolicy


@pytest.mark.parametrize("periods_s", [(3600,), (3600, DAY_S), (60, 3600, 7 * DAY_S)])
def test_what_all_periods_of_the_horizon_spend_adds_up_to_the_stated_false_alarms(
    periods_s: tuple[int, ...],
) -> None:
    policy = MonitorPolicy(false_alarms=2.0, horizon_days=70.0, periods_s=periods_s)
    spent = sum(70 * DAY_S / period_s * policy.alpha(period_s) for period_s in periods_s)
    assert spent == pytest.approx(2.0)


def test_no_period_spends_more_than_a_half() -> None:
    assert MonitorPolicy(false_alarms=1e9).alpha(3600) == 0.5
