"""How a rollout moves: its strategy, its steps, its guards, and how often it may err."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

import msgspec

from hythe.base.errors import Invalid
from hythe.rollout.guard import Guard

Strategy: TypeAlias = Literal["shadow-canary", "canary", "blue-green", "shadow", "ab", "bandit"]
SHADOWED: frozenset[Strategy] = frozenset({"shadow-canary", "blue-green", "shadow"})
"""Those that begin with copies to a shadow."""
QUESTIONED: frozenset[Strategy] = frozenset({"ab", "bandit"})
"""Those that decide a question."""
_HALF = 0.5
DEFAULT_GUARDS = (Guard("error_rate"), Guard("latency_p99"), Guard("refusal_rate"))
SHADOW_GUARDS = (Guard("disagreement"), Guard("shadow_errors"))


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The rules of one rollout, fixed before its first request.

    `steps` are the candidate's shares of the traffic, each left on evidence and not before `step_s` seconds
    and `least_units` units of the candidate; after the last it gets everything. `alpha` is the probability
    that the rollout goes back although nothing is worse, and that it promotes although a margin is
    exceeded. `shadow_share` of the requests is copied in the shadow stage, which `shadow_units` comparisons
    end at the earliest; a score that differs by more than `shadow_margin` has moved. `question` is the metric
    that an A/B test or a bandit decides on, a guard whose margin is the improvement worth having. A bandit
    leaves each arm at least `floor`. Predictions count once they are `maturity_s` old. After `most_s` seconds
    without a verdict the rollout goes back; evidence that has not grown for `fresh_s` seconds never promotes.
    A blue-green switch is watched for `bake_s`.

    Guards that are given stand in for the usual ones: those on shadows for those on shadows, the others for
    those on traffic.

    >>> Policy(steps=(0.5, 0.1))
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: steps are 0.5, 0.1; give growing shares above 0 and below 1
    """

    strategy: Strategy = "shadow-canary"
    guards: tuple[Guard, ...] = ()
    alpha: float = 0.05
    steps: tuple[float, ...] = (0.05, 0.25, 0.5)
    step_s: float = 30.0
    least_units: int = 100
    shadow_share: float = 0.1
    shadow_units: int = 200
    shadow_margin: float = 0.01
    question: Guard | None = None
    floor: float = 0.05
    maturity_s: float = 0.0
    most_s: float = 7 * 86400.0
    fresh_s: float = 15.0
    bake_s: float = 600.0

    def __post_init__(self) -> None:
        if self.strategy not in get_args(Strategy):
            raise Invalid(f"strategy is {self.strategy!r}; use one of {', '.join(get_args(Strategy))}")
        if not 0.0 < self.alpha < 1.0:
            raise Invalid(f"alpha is {self.alpha}; give a probability between 0 and 1, such as 0.05")
        shares = (0.0, *self.steps, 1.0)
        if not all(a < b for a, b in pairwise(shares)):
            shown = ", ".join(f"{step:g}" for step in self.steps)
            raise Invalid(f"steps are {shown}; give growing shares above 0 and below 1")
        if not self.steps and self.strategy in {"canary", "shadow-canary", "ab"}:
            raise Invalid(f"a {self.strategy} rollout has no steps; give at least one share, such as 0.1")
        self._check_numbers()
        self._check_question()
        self._check_guards()

    def _check_numbers(self) -> None:
        for name in ("step_s", "maturity_s", "bake_s", "shadow_margin"):
            if not 0 <= getattr(self, name) < math.inf:
                raise Invalid(f"{name} is {getattr(self, name)}; give a number, 0 or more")
        for name in ("most_s", "fresh_s", "least_units", "shadow_units"):
            if not 0 < getattr(self, name) < math.inf:
                raise Invalid(f"{name} is {getattr(self, name)}; give a number greater than 0")
        if not 0.0 < self.shadow_share <= 1.0:
            raise Invalid(f"shadow_share is {self.shadow_share}; give more than 0 and up to 1")
        if not 0.0 < self.floor < _HALF:
            raise Invalid(f"floor is {self.floor}; two arms leave each one less than 0.5")

    def _check_question(self) -> None:
        question = self.question
        if question is None and self.strategy in QUESTIONED:
            raise Invalid(f"a rollout by {self.strategy} needs a question: the metric that decides")
        if question is None:
            return
        if self.strategy not in QUESTIONED:
            raise Invalid(
                f"a {self.strategy} rollout asks no question; put {question.metric} among the guards, "
                "or use ab or bandit"
            )
        if question.kind.scale == "quantile" or not question.kind.worse:
            raise Invalid(
                f"{question.metric} is no question: an experiment decides on a rate or a mean of which more, "
                "or less, is better; put it among the guards"
            )

    def _check_guards(self) -> None:
        names = [guard.metric for guard in self.everything]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise Invalid(f"there are two guards on {', '.join(sorted(repeated))}; give each metric one")
        for guard in (*self.guards, *(item for item in (self.question,) if item)):
            self._check_source(guard)
        given = sum(guard.share for guard in self.everything)
        if given > 1.0 + 1e-9:
            raise Invalid(f"the guards' shares of alpha add up to {given:g}; give at most 1 in all")
        if given > 1.0 - 1e-9 and not all(guard.share for guard in self.everything):
            without = next(guard.metric for guard in self.everything if not guard.share)
            raise Invalid(f"the guards' shares leave no alpha to {without}; give them less than 1 in all")

    def _check_source(self, guard: Guard) -> None:
        """Refuse a guard that the strategy brings no data for: it would wait for ever."""
        shadows = guard.kind.source == "shadows"
        if shadows and (self.strategy not in SHADOWED or guard is self.question):
            raise Invalid(
                f"{guard.metric} is compared in shadow, which a {self.strategy} rollout has no use for; "
                f"use a metric of its traffic, or one of {', '.join(sorted(SHADOWED))}"
            )
        if not shadows and self.strategy == "shadow":
            raise Invalid(
                f"a shadow rollout takes no traffic, so {guard.metric} has no data; "
                "use shadow-canary, or a metric of shadows"
            )

    @property
    def all_guards(self) -> tuple[Guard, ...]:
        """The guards on traffic, then those on shadows: those given, or the usual ones."""
        asked = self.question.metric if self.question else ""
        usual = tuple(guard for guard in DEFAULT_GUARDS if guard.metric != asked)
        traffic = tuple(guard for guard in self.guards if guard.kind.source != "shadows") or usual
        shadows = tuple(guard for guard in self.guards if guard.kind.source == "shadows") or SHADOW_GUARDS
        return (() if self.strategy == "shadow" else traffic) + (shadows if self.strategy in SHADOWED else ())

    @property
    def everything(self) -> tuple[Guard, ...]:
        """All guards, and the question behind them: what evidence is gathered on."""
        return (*self.all_guards, self.question) if self.question else self.all_guards

    def alpha_of(self, guard: Guard) -> float:
        """Give the part of alpha that a guard may use to go back wrongly."""
        without = [item for item in self.everything if not item.share]
        if guard.share:
            return self.alpha * guard.share
        given = sum(item.share for item in self.everything)
        return self.alpha * max(0.0, 1.0 - given) / len(without)
