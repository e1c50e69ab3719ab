"""What service people are promised."""

from __future__ import annotations

import math

import msgspec

from hythe.base.errors import Invalid


class ServiceLimits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The share of requests that may fail, and quantiles of the time to a reply in seconds.

    What is left None is held against the version's own past: see `errors`, `latency` and `traffic`.

    >>> ServiceLimits(error_rate=5)
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the limit error_rate is 5; give a share from 0 to 1, such as 0.01
    """

    error_rate: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None

    def __post_init__(self) -> None:
        if self.error_rate is not None and not 0.0 <= self.error_rate < 1.0:
            raise Invalid(
                f"the limit error_rate is {self.error_rate}; give a share from 0 to 1, such as 0.01"
            )
        for name in QUANTILES:
            limit = getattr(self, f"{name}_s")
            if limit is not None and not 0.0 < limit < math.inf:
                raise Invalid(f"the limit {name}_s is {limit}; give seconds, such as 0.25, or '250ms'")


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
"""The quantiles of the time to a reply that are watched, by name."""
