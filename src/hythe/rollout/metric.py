"""The metrics that guards may be on, each a line: what it is of, which way is worse, what is tolerable."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from hythe.base.errors import Invalid

Source: TypeAlias = Literal["requests", "shadows", "feedback"]
"""What the metric is counted in."""
Scale: TypeAlias = Literal["binary", "bounded", "quantile"]
"""Values of 0 and 1; values between bounds; or whether a duration is beyond a quantile of the champion's."""


class Metric(NamedTuple):
    """What a guard looks at.

    `worse` is +1 where more is worse, -1 where less is, 0 where either is. `q` is a quantile's. A `value`
    metric is called after the business value that feedback brings.
    """

    name: str
    source: Source
    scale: Scale
    worse: int
    margin: float
    tolerance: float = 0.0
    q: float = 0.0
    needs_range: bool = False
    says: str = ""

    @classmethod
    def parse(cls, name: str) -> Metric:
        """Find a metric; raises Invalid, naming those that there are."""
        if name.startswith("value:") and len(name) > len("value:"):
            return VALUE._replace(name=name)
        if name not in METRICS:
            known = ", ".join([*METRICS, "value:NAME"])
            raise Invalid(f"there is no metric {name!r} to guard; metrics: {known}")
        return METRICS[name]


VALUE = Metric("value:NAME", "feedback", "bounded", -1, 0.01, needs_range=True,
               says="a business value that feedback brings")  # fmt: skip
METRICS = {
    metric.name: metric
    for metric in (
        Metric("error_rate", "requests", "binary", +1, 0.01, says="requests that the version failed"),
        Metric("refusal_rate", "requests", "binary", +1, 0.02, says="requests refused for their data"),
        Metric("latency_p50", "requests", "quantile", +1, 0.26, q=0.50, says="median duration"),
        Metric("latency_p95", "requests", "quantile", +1, 0.26, q=0.95, says="95th percentile of durations"),
        Metric("latency_p99", "requests", "quantile", +1, 0.26, q=0.99, says="99th percentile of durations"),
        Metric("prediction", "requests", "bounded", 0, 0.05, 0.05, says="mean prediction, within its range"),
        Metric("disagreement", "shadows", "bounded", +1, 0.10, 0.10, says="rows a shadow labels otherwise"),
        Metric("movement", "shadows", "bounded", +1, 0.20, 0.20, says="rows whose score a shadow moves"),
        Metric("shadow_errors", "shadows", "binary", +1, 0.01, 0.01, says="copies that a shadow fails"),
        Metric("accuracy", "feedback", "binary", -1, 0.02, says="labels that were right"),
        Metric("brier", "feedback", "bounded", +1, 0.02, says="Brier score of the probabilities"),
        Metric("log_loss", "feedback", "bounded", +1, 0.05, needs_range=True, says="logarithmic loss"),
        Metric("absolute_error", "feedback", "bounded", +1, 0.05, needs_range=True, says="absolute error"),
    )
}
"""By name. Margins and tolerances of bounded metrics are shares of their range."""
