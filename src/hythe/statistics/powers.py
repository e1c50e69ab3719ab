"""Sums of powers as whole numbers: they merge in any order and grouping to the last bit, and give moments.

A value x enters as z = (x - centre) / 2^exponent, with a centre and an exponent that are fixed beforehand, by
a baseline: near its mean and its standard deviation. z, z², z³ and z⁴ are each rounded to a multiple of 2⁻⁴⁰
and added up as integers. So the mean is off by at most 2⁻⁴⁰ standard deviations, about 1e-12, and nothing
depends on which values came together.
"""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.statistics.moments import Moments

_BITS = 40
_FARTHEST = 2.0**30
_ROOM = 2.0**62
_HALF_BITS = 31
_LARGEST_EXPONENT = 1023
_FEW = 16
_BLOCK = 2**11
_MODERATE = 6.5
"""6.5⁴ · 2⁴⁰ is less than 2⁵¹, and for each value of a block less than 2⁶²."""
_ROUNDER = 1.5 * 2.0**52
_ROUNDER_BITS = int(np.float64(_ROUNDER).view(np.int64))


class PowerSums(msgspec.Struct, frozen=True, omit_defaults=True):
    """`n` values as `sums` of z to z⁴ in units of 2⁻⁴⁰; `beyond` finite values were too far off to be added.

    Those are more than 2³⁰ units from the centre.

    >>> one, two = (power_sums(np.array([x]), 0.0, 0) for x in (1.0, 2.0))
    >>> (one + two).moments().mean
    1.5
    """

    centre: float
    exponent: int
    n: int = 0
    # Made anew, it is always written: what was added up would else differ in bytes from what counted nothing.
    sums: tuple[int, int, int, int] = msgspec.field(default_factory=lambda: (0, 0, 0, 0))
    beyond: int = 0
    minimum: float | None = None
    maximum: float | None = None

    def __add__(self, other: PowerSums) -> PowerSums:
        """Merge; raises Invalid when the centre or the exponent is another."""
        if (other.centre, other.exponent) != (self.centre, self.exponent):
            raise Invalid("sums around different centres cannot be merged; count with the same baseline")
        first, second, third, fourth = (a + b for a, b in zip(self.sums, other.sums, strict=True))
        return PowerSums(
            self.centre,
            self.exponent,
            self.n + other.n,
            (first, second, third, fourth),
            self.beyond + other.beyond,
            _least(self.minimum, other.minimum),
            _most(self.maximum, other.maximum),
        )

    def moments(self) -> Moments:
        """Give mean, sample variance, skewness g1 and excess kurtosis g2 (Joanes & Gill 1998, section 2)."""
        n = self.n
        if not n:
            return Moments(0)
        first, second, third, fourth = (Fraction(total, n << _BITS) for total in self.sums)
        centred2 = max(second - first**2, Fraction(0))
        centred3 = third - 3 * first * second + 2 * first**3
        centred4 = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
        varies = self.minimum != self.maximum and centred2 > 0
        return Moments(
            n,
            self.centre + math.ldexp(float(first), self.exponent),
            math.ldexp(float(centred2 * n / (n - 1)), 2 * self.exponent) if n > 1 else None,
            float(centred3) / float(centred2) ** 1.5 if varies else None,
            float(centred4 / centred2**2) - 3.0 if varies else None,
            self.minimum,
            self.maximum,
        )


def scale_of(reference: Moments) -> tuple[float, int]:
    """Choose a centre and an exponent from the moments of reference data.

    >>> scale_of(Moments(9, mean=40.0, variance=100.0))
    (40.0, 4)
    """
    centre = reference.mean or 0.0
    spread = math.sqrt(reference.variance or 0.0) or abs(centre) or 1.0
    return centre, math.frexp(spread)[1] if math.isfinite(spread) else 0


def power_sums(ordered: NDArray[np.float64], centre: float, exponent: int) -> PowerSums:
    """Sum the finite values of one column that stands in ascending order, NaN last.

    What is finite, near and of moderate size lies side by side then, so nothing has to be masked, and mostly
    nothing but the ends be looked at.

    >>> power_sums(np.array([-np.inf, 1.0, 2.0, np.nan]), 0.0, 0).moments().mean
    1.5
    """
    finite = _within(ordered, np.inf)
    with np.errstate(over="ignore"):
        apart = _in_units(finite - centre, exponent)
    near = _within(apart, _FARTHEST)
    if not len(near):
        return PowerSums(centre, exponent, beyond=len(finite))
    first = 0 if len(near) == len(apart) else int(np.searchsorted(apart, near[0]))
    one, two, three, four = _ordered_powers(near)
    return PowerSums(
        centre,
        exponent,
        len(near),
        (one, two, three, four),
        len(finite) - len(near),
        float(finite[first]) + 0.0,
        float(finite[first + len(near) - 1]) + 0.0,
    )


def _within(ordered: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Give those of ordered values that lie between -limit and limit, without either."""
    if not len(ordered) or (ordered[0] > -limit and ordered[-1] < limit):
        return ordered
    first = np.searchsorted(ordered, -limit, side="right")
    return ordered[first : np.searchsorted(ordered, limit, side="left")]


def _ordered_powers(near: NDArray[np.float64]) -> list[int]:
    """Sum z, z², z³, z⁴ of ordered values: those of moderate size quickly."""
    moderate = _within(near, _MODERATE)
    if len(moderate) == len(near):
        return _moderate_powers(near)
    low = int(np.searchsorted(near, -_MODERATE, side="right"))
    far = np.concatenate([near[:low], near[low + len(moderate) :]])
    few = len(far) <= _FEW
    parts = [_moderate_powers(moderate), _powers_one_by_one(far) if few else _powers(far)]
    return [sum(totals) for totals in zip(*parts, strict=True)]


def _in_units(apart: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """Divide by 2^exponent, rounding once; a product does so faster where the factor is a float."""
    if exponent < -_LARGEST_EXPONENT:
        return np.ldexp(apart, -exponent)
    return np.multiply(apart, math.ldexp(1.0, -exponent), out=apart)


def _moderate_powers(apart: NDArray[np.float64]) -> list[int]:
    """Sum z, z², z³, z⁴, each rounded to 2⁻⁴⁰, of values of less than `_MODERATE` units."""
    totals = [0, 0, 0, 0]
    for start in range(0, len(apart), _BLOCK):
        block = apart[start : start + _BLOCK]
        # a power of two changes no digit, so z·2⁴⁰ times z is z² in units of 2⁻⁴⁰, rounded as z² is
        power = block * 2.0**_BITS
        rounded = np.empty_like(power)
        for order in range(4):
            totals[order] += _sum_rounded(power, rounded)
            if order < 3:  # noqa: PLR2004 - the last power is the fourth
                power *= block
    return totals


def _sum_rounded(values: NDArray[np.float64], scratch: NDArray[np.float64]) -> int:
    """Round values of less than 2⁵¹ to whole numbers, half to even, and add these up; less than 2⁶² in all.

    Added to 1.5·2⁵² such a value is rounded, as the last bit there is 1, and stands in the bits of the sum
    as a whole number: one pass in place of two.
    """
    np.add(values, _ROUNDER, out=scratch)
    total = int(np.add.reduce(scratch.view(np.int64))) - len(values) * _ROUNDER_BITS
    return (total + 2**63) % 2**64 - 2**63  # what went over 64 bits on the way is the same modulo 2⁶⁴


def _powers_one_by_one(apart: NDArray[np.float64]) -> list[int]:
    """Sum z, z², z³, z⁴, each rounded to 2⁻⁴⁰, of a few values of any size."""
    totals = [0, 0, 0, 0]
    for value in apart.tolist():
        power = value
        for order in range(4):
            totals[order] += round(power * 2.0**_BITS)
            power *= value
    return totals


def _powers(apart: NDArray[np.float64]) -> list[int]:
    """Sum z, z², z³, z⁴, each rounded to 2⁻⁴⁰, of many values of any size."""
    widest = float(np.abs(apart).max())
    power = apart
    found = []
    for order in range(1, 5):
        found.append(_sum(np.rint(power * 2.0**_BITS), widest**order * 2.0**_BITS + 1.0))
        power = power * apart
    return found


def _sum(whole: NDArray[np.float64], widest: float) -> int:
    """Add up whole numbers of at most `widest`, exactly: in 64 bits where they fit, else in halves."""
    if widest * len(whole) < _ROOM:
        return int(whole.astype(np.int64).sum())
    upper = np.floor(np.ldexp(whole, -_HALF_BITS))
    lower = _sum(whole - np.ldexp(upper, _HALF_BITS), 2.0**_HALF_BITS)
    return (_sum(upper, math.ldexp(widest, -_HALF_BITS) + 1.0) << _HALF_BITS) + lower


def _least(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)


def _most(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)
