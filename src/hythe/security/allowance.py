"""So many in such a time, as people write it: `100/s`, `1e6/day`; and the permit of a key made from it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from hythe.base.errors import Invalid
from hythe.security.keys import Permit, Verb

_PERIODS_S = {"s": 1, "min": 60, "h": 3600, "day": 86_400}

_BURST_S = 0.1
"""How much of a second may come at once: so little that the rate holds within 5% over 2 s already."""


class Allowance(msgspec.Struct, frozen=True):
    """`count` in every `period_s` seconds."""

    count: float
    period_s: int

    @property
    def per_s(self) -> float:
        """The same for one second."""
        return self.count / self.period_s


def parse_allowance(text: str) -> Allowance:
    """Read an allowance; the period is `s`, `min`, `h` or `day`.

    >>> parse_allowance("1e6/day")
    Allowance(count=1000000.0, period_s=86400)
    >>> parse_allowance("30/min").per_s
    0.5
    >>> parse_allowance("fast")
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: 'fast' is no allowance; write a number, '/' and s, min, h or day: 100/s
    """
    number, _, unit = text.partition("/")
    try:
        count = float(number)
    except ValueError:
        count = math.nan
    period_s = _PERIODS_S.get(unit.strip())
    if period_s is None or not 0 < count < math.inf:
        raise Invalid(f"{text!r} is no allowance; write a number, '/' and s, min, h or day: 100/s")
    return Allowance(count, period_s)


def permit(
    endpoints: Sequence[str] | None = None,
    verbs: Sequence[Verb] | None = None,
    *,
    rate: str | None = None,
    burst: int | None = None,
    quota: str | None = None,
) -> Permit:
    """Make the permit that words describe; without `burst`, a tenth of a second's requests pass at once.

    >>> permit(["churn"], rate="100/s").burst
    10

    Raises:
        Invalid: when one of them does not fit.

    """
    if burst is not None and rate is None:
        raise Invalid(f"the burst is {burst}, but there is no rate; give one, such as 100/s")
    rate_per_s = None if rate is None else parse_allowance(rate).per_s
    counted = None if quota is None else parse_allowance(quota)
    if counted is not None and not counted.count.is_integer():
        raise Invalid(f"the quota is {quota!r}; give a whole number of requests")
    return Permit(
        endpoints=tuple(endpoints) if endpoints else None,
        verbs=tuple(verbs) if verbs else None,
        rate_per_s=rate_per_s,
        burst=max(1, round((rate_per_s or 0) * _BURST_S)) if burst is None else burst,
        quota=None if counted is None else int(counted.count),
        quota_period_s=86_400 if counted is None else counted.period_s,
    )
