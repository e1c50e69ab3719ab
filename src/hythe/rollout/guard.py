"""One metric that a rollout must not make worse, and how much worse is tolerable."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

from hythe.base.errors import Invalid
from hythe.rollout.metric import Metric

Verdict: TypeAlias = Literal["worse", "fine", "waiting"]
"""The metric is worse; is not worse by the margin; or there is not enough data for either."""


_NARROWEST = 0.123


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A metric with its non-inferiority margin.

    `metric` is a name that `Metric.parse` knows. `margin` is how much worse is still tolerable: absolute for
    rates, means and scores, relative for latencies (0.26 is 26% slower; it counts in whole buckets of 12.2%,
    rounded down); None takes the metric's. The rollout goes back when the metric is proven worse by more than
    `tolerance` (in the same terms, None takes the metric's), and goes on when it is proven worse by less than
    `margin`. `share` is the part of the rollout's alpha that this guard may use to go back wrongly; 0 takes
    an equal part. `effect` is the difference worth finding, the margin when left out. `range` are the bounds
    of a metric that has none of its own, such as a business value; its margin is a share of them.

    >>> Guard("error_rate").margin_or_default
    0.01
    """

    metric: str
    margin: float | None = None
    tolerance: float | None = None
    share: float = 0.0
    effect: float | None = None
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        metric = self.kind
        for name in ("margin", "effect"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise Invalid(f"guard {self.metric}: {name} is {value}; give a number greater than 0")
        if metric.scale == "quantile" and self.margin_or_default < _NARROWEST:
            raise Invalid(
                f"guard {self.metric}: margin is {self.margin}; durations are counted in buckets that are "
                f"12.2% wide, so give {_NARROWEST} or more"
            )
        if self.tolerance is not None and not 0 <= self.tolerance <= self.margin_or_default:
            raise Invalid(
                f"guard {self.metric}: tolerance is {self.tolerance}; give 0 up to the margin, "
                f"{self.margin_or_default}"
            )
        if not 0 <= self.share <= 1:
            raise Invalid(f"guard {self.metric}: share is {self.share}; give a share of alpha from 0 to 1")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise Invalid(f"guard {self.metric}: range is {list(self.range)}; give the lower bound first")
        if metric.needs_range and self.range is None:
            raise Invalid(f"guard {self.metric} has no bounds of its own; give range = [LOWEST, HIGHEST]")

    @property
    def kind(self) -> Metric:
        """What the metric is; raises Invalid for one that does not exist."""
        return Metric.parse(self.metric)

    @property
    def margin_or_default(self) -> float:
        """The margin that counts."""
        return self.kind.margin if self.margin is None else self.margin

    @property
    def tolerance_or_default(self) -> float:
        """How much worse has to be proven before the rollout goes back."""
        return self.kind.tolerance if self.tolerance is None else self.tolerance

    def scaled(self, value: float) -> float:
        """Give a value of the metric as a share of its range, cut to it.

        >>> Guard("value:revenue", range=(0.0, 50.0)).scaled(10.0)
        0.2
        """
        low, high = self.range or (0.0, 1.0)
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def unscaled(self, share: float) -> float:
        """Give the metric's own value of a share of its range."""
        low, high = self.range or (0.0, 1.0)
        return low + share * (high - low)


class GuardReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one guard knows at one moment.

    `champion` and `candidate` are the estimates in the metric's own unit, of `n_champion` and `n_candidate`
    units (requests, or keys where the endpoint is sticky; shadows have no champion's side). `difference` is
    how much worse the candidate is (negative: better), and lies between `low` and `high` with the rollout's
    confidence at any time: relative for latencies (0.26 is 26% slower), else in the metric's unit. Where
    either way is worse it is candidate less champion; a shadow's is from the champion's answers.
    `log_e_worse` is the evidence that it is worse than tolerated, `log_e_fine` that it is not worse by the
    margin. `needed` is how many more units (of both arms together) it takes to be fine, None where that is
    unknown.
    """

    metric: str
    verdict: Verdict = "waiting"
    champion: float | None = None
    candidate: float | None = None
    n_champion: int = 0
    n_candidate: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    log_e_worse: float = 0.0
    log_e_fine: float = 0.0
    needed: int | None = None
    note: str = ""
