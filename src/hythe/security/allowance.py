"""So many in such a time, as people write it: `100/s`, `1e6/day`."""

from __future__ import annotations

import math

import msgspec

from hythe.base.errors import Invalid

_PERIODS_S = {"s": 1, "min": 60, "h": 3600, "day": 86_400}


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
