"""How an endpoint is monitored: how often it may alarm for nothing, over which periods, by which rules."""

from __future__ import annotations

import math

import msgspec

from hythe.base.clock import DAY_S
from hythe.base.errors import Invalid
from hythe.monitor.delivery import Delivery
from hythe.monitor.retrain import Retrain
from hythe.monitor.rule import Rule
from hythe.monitor.service.limits import ServiceLimits

_YEAR_DAYS = 366
_MOST_ALPHA = 0.5


class MonitorPolicy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The settings of one endpoint; those of an endpoint without any are the defaults.

    Tests of periods of each length in `periods_s` (UTC, aligned) raise at most `false_alarms` alarms, on
    average, in `horizon_days`, all features, outputs and checks together: a period of length P is tested at
    false_alarms · P / horizon / len(periods_s). A period of fewer than `least_rows` rows is left to the
    longer ones. The first `learning_days` of a version's own windows teach what variation between windows
    is normal; 0 takes the baseline's rows for independent draws. `segments` are features by whose values
    performance is told apart; `ignore` are features, outputs and checks that are not looked at. `limits` are
    of errors and latencies.

    >>> round(1 / MonitorPolicy().alpha(3600))
    4320
    """

    false_alarms: float = 1.0
    horizon_days: float = 90.0
    periods_s: tuple[int, ...] = (3600, DAY_S)
    least_rows: int = 100
    learning_days: float = 0.0
    segments: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    limits: ServiceLimits = ServiceLimits()
    rules: tuple[Rule, ...] = ()
    deliver: tuple[Delivery, ...] = ()
    retrain: tuple[Retrain, ...] = ()

    def __post_init__(self) -> None:
        for name in ("false_alarms", "horizon_days", "least_rows"):
            if not 0 < getattr(self, name) < math.inf:
                raise Invalid(f"{name} is {getattr(self, name)}; give a number greater than 0")
        if not 0 <= self.learning_days <= _YEAR_DAYS:
            raise Invalid(f"learning_days is {self.learning_days}; give a number from 0 to {_YEAR_DAYS}")
        if not self.periods_s or any(not 1 <= period <= _YEAR_DAYS * DAY_S for period in self.periods_s):
            raise Invalid("periods_s are lengths of periods, up to a year; give at least one, such as 3600")
        if len({*self.periods_s}) < len(self.periods_s):
            raise Invalid("periods_s has one length twice; give each once")
        names = [rule.name for rule in self.rules]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise Invalid(f"there are two rules named {', '.join(sorted(repeated))}; give each its own name")

    def alpha(self, period_s: int) -> float:
        """Give what one period of this length may spend of the stated false alarms, a half at most."""
        share = self.false_alarms * period_s / (self.horizon_days * DAY_S) / len(self.periods_s)
        return min(share, _MOST_ALPHA)

    @property
    def public(self) -> MonitorPolicy:
        """The policy without what may be secret: where alerts go, and what commands are told."""
        return msgspec.structs.replace(
            self,
            deliver=tuple(delivery.public for delivery in self.deliver),
            retrain=tuple(msgspec.structs.replace(each, command=each.command[:1]) for each in self.retrain),
        )
