"""Sums of powers as whole numbers: they merge in any order and grouping to the last bit, and give moments.

A value x enters as z = (x - centre) / 2^exponent, with a centre and an exponent that are fixed beforehand, by
a baseline: near its mean and its standard deviation. z, z², z³ and z⁴ are each rounded to a multiple of 2⁻⁴⁰
and added up as integers. So the mean is off by at most 2⁻⁴⁰ standard deviations, about 1e-12, and nothing
depends on which values came together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
_BLOCK = 2**14
_MODERATE = 4.0
"""4⁴ · 2⁴⁰ for each value of a block comes to 2⁶² at most, which 64 bits hold."""

Matrix = NDArray[np.float64]


class PowerSums(msgspec.Struct, frozen=True, omit_defaults=True):
    """`n` values as `sums` of z to z⁴ in units of 2⁻⁴⁰; `beyond` finite values were too far off to be added.

    Those are more than 2³⁰ units from the centre.

    >>> one, two = (power_sums(np.array([[x]]), [0.0], [0])[0] for x in (1.0, 2.0))
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


def power_sums(values: Matrix, centres: Sequence[float], exponents: Sequence[int]) -> list[PowerSums]:
    """Sum the finite values of each column of `values` [rows, k] around its centre."""
    if not len(values):
        return [PowerSums(centre, exponent) for centre, exponent in zip(centres, exponents, strict=True)]
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.ldexp(values - np.asarray(centres), -np.asarray(exponents, dtype=np.intc))
    near = np.abs(apart) < _FARTHEST  # false for NaN, too
    apart = np.where(near, apart, 0.0)
    counted = near.sum(axis=0).tolist()
    beyond = (np.isfinite(values).sum(axis=0) - near.sum(axis=0)).tolist()
    low = np.where(near, values, np.inf).min(axis=0).tolist()
    high = np.where(near, values, -np.inf).max(axis=0).tolist()
    sums = list(zip(*_powers(apart), strict=True))
    return [
        PowerSums(
            centres[i],
            exponents[i],
            counted[i],
            sums[i],
            beyond[i],
            low[i] + 0.0 if counted[i] else None,
            high[i] + 0.0 if counted[i] else None,
        )
        for i in range(values.shape[1])
    ]


def ordered_power_sums(ordered: NDArray[np.float64], centre: float, exponent: int) -> PowerSums:
    """Sum the finite values of one long column that stands in ascending order, NaN last.

    To the last bit what `power_sums` gives, in a quarter of the time from some thousand values on: what is
    finite, near and of moderate size lies side by side, so nothing has to be masked.

    >>> column = np.array([-np.inf, 1.0, 2.0, np.nan])
    >>> ordered_power_sums(column, 0.0, 0) == power_sums(column[:, None], [0.0], [0])[0]
    True
    """
    first, last = _between(ordered, -np.inf, np.inf)
    finite = ordered[first:last]
    with np.errstate(over="ignore", invalid="ignore"):
        apart = _in_units(finite - centre, exponent)
    first, last = _between(apart, -_FARTHEST, _FARTHEST)
    if first == last:
        return PowerSums(centre, exponent, beyond=len(finite))
    near = apart[first:last]
    low, high = np.searchsorted(near, -_MODERATE), np.searchsorted(near, _MODERATE)
    parts = [_moderate_powers(near[low:high])]
    parts += [[sums[0] for sums in _powers(far[:, None])] for far in (near[:low], near[high:]) if len(far)]
    one, two, three, four = (sum(totals) for totals in zip(*parts, strict=True))
    return PowerSums(
        centre,
        exponent,
        len(near),
        (one, two, three, four),
        len(finite) - len(near),
        float(finite[first]) + 0.0,
        float(finite[last - 1]) + 0.0,
    )


def _between(ordered: NDArray[np.float64], low: float, high: float) -> tuple[int, int]:
    """Say from where to where ordered values lie between two limits, without either."""
    return int(np.searchsorted(ordered, low, side="right")), int(np.searchsorted(ordered, high, side="left"))


def _in_units(apart: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """Divide by 2^exponent, rounding once; a product does so faster where the factor is a float."""
    if exponent < -_LARGEST_EXPONENT:
        return np.ldexp(apart, -exponent)
    return np.multiply(apart, math.ldexp(1.0, -exponent), out=apart)


def _moderate_powers(apart: NDArray[np.float64]) -> list[int]:
    """Sum z, z², z³, z⁴, each rounded to 2⁻⁴⁰, of values of at most `_MODERATE` units."""
    totals = [0, 0, 0, 0]
    for start in range(0, len(apart), _BLOCK):
        block = apart[start : start + _BLOCK]
        # a power of two changes no digit, so z·2⁴⁰ times z is z² in units of 2⁻⁴⁰, rounded as z² is
        power = block * 2.0**_BITS
        for order in range(4):
            totals[order] += int(np.rint(power).astype(np.int64).sum())
            power *= block
    return totals


def _powers(apart: Matrix) -> list[list[int]]:
    """Sum z, z², z³, z⁴ over the rows, each rounded to 2⁻⁴⁰."""
    widest = float(np.abs(apart).max())
    power = apart
    found = []
    for order in range(1, 5):
        whole = np.rint(power * 2.0**_BITS)
        found.append(_sums(whole, widest**order * 2.0**_BITS + 1.0))
        power = power * apart
    return found


def _sums(whole: Matrix, widest: float) -> list[int]:
    """Add up whole numbers of at most `widest`, exactly: in 64 bits where they fit, else in halves."""
    if widest * len(whole) < _ROOM:
        fitting: list[int] = whole.astype(np.int64).sum(axis=0).tolist()
        return fitting
    upper = np.floor(np.ldexp(whole, -_HALF_BITS))
    lower = _sums(whole - np.ldexp(upper, _HALF_BITS), 2.0**_HALF_BITS)
    highs = _sums(upper, math.ldexp(widest, -_HALF_BITS) + 1.0)
    return [(high << _HALF_BITS) + low for high, low in zip(highs, lower, strict=True)]


def _least(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)


def _most(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)
