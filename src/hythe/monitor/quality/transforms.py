"""What was done to all values of a column: another unit, found from counts and moments, and tested."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.quality.subjects import Subject
from hythe.statistics.bins import NumberBins
from hythe.statistics.moments import Moments

Floats = NDArray[np.float64]
_FIRST = 2
_MOST_ERRORS = 4.0
"""How many standard errors mean and spread may be off."""
_ALIKE = 0.01
"""And by how much of the spread besides: rounding, and what little else changed."""
_LEAST_FACTOR, _LEAST_MOVE = 1.5, 0.5
"""A transformation multiplies by so much, or divides; or it moves the mean by so many standard deviations."""
_BETTER = 3.0
"""By what factor it is nearer than no transformation is."""
_TIED = 1.0
"""What is so many standard errors farther off than the nearest may be as true."""
_MISSED = 1e-3
"""How often a right transformation is taken for a wrong one by its quantiles."""


class Transform(NamedTuple):
    """New values are `factor` times the old ones, plus `offset`; `words` say what that is known as.

    >>> Transform(12.0, 0.0, "months for years").shown
    'multiplied by 12 (months for years)'
    """

    factor: float
    offset: float = 0.0
    words: str = ""

    @property
    def shown(self) -> str:
        """Say it in words."""
        parts = [f"multiplied by {self.factor:.4g}"] if self.factor != 1.0 else []
        if self.offset:
            parts.append(f"{'raised' if self.offset > 0 else 'lowered'} by {abs(self.offset):.4g}")
        return " and ".join(parts) + (f" ({self.words})" if self.words else "")


def shown(found: tuple[Transform, ...]) -> str:
    """Say in words what may have been done, the two likeliest."""
    return ", or ".join(one.shown for one in found[:2])


_PAIRS = (
    (1e3, "g", "kg"), (100.0, "percent", "shares"), (10.0, "mm", "cm"),
    (1e6, "mg", "kg"), (12.0, "months", "years"), (7.0, "days", "weeks"), (24.0, "hours", "days"),
    (60.0, "minutes", "hours"), (3600.0, "seconds", "hours"), (86400.0, "seconds", "days"),
    (365.25, "days", "years"), (2.54, "cm", "inches"), (0.45359237, "kg", "pounds"),
    (1.609344, "km", "miles"), (0.3048, "m", "feet"), (30.48, "cm", "feet"), (25.4, "mm", "inches"),
    (28.349523125, "g", "ounces"), (453.59237, "g", "pounds"), (3.785411784, "litres", "gallons"),
    (4.184, "kJ", "kcal"), (1024.0, "KiB", "MiB"), (6.894757, "kPa", "psi"),
    (57.29577951308232, "degrees", "radians"),
)  # fmt: skip
KNOWN: tuple[Transform, ...] = (
    *(Transform(factor, 0.0, f"{small} for {large}") for factor, small, large in _PAIRS),
    *(Transform(1.0 / factor, 0.0, f"{large} for {small}") for factor, small, large in _PAIRS),
    Transform(1.8, 32.0, "°F for °C"),
    Transform(1.0 / 1.8, -32.0 / 1.8, "°C for °F"),
    Transform(1.0, 273.15, "K for °C"),
    Transform(1.0, -273.15, "°C for K"),
    Transform(-1.0, 0.0, "the sign was turned"),
)
"""Transformations that have a name, common ones first; others are told by their numbers."""


def transforms(subject: Subject) -> tuple[Transform, ...]:
    """Find the transformations of all values that explain a window; none where none is needed, or none does.

    Mean and spread have to be those of the transformed baseline, and so have the window's quantiles, as far
    as the baseline's bins tell them: to within what two samples differ (Dvoretzky, Kiefer & Wolfowitz 1956,
    Massart 1990, for each of the two). The nearest come first, of equally near ones the most common; a
    factor without a name is given where none has one.
    """
    bins, old, powers = subject.bins, subject.moments, subject.powers
    if not isinstance(bins, NumberBins) or old is None or powers is None:
        return ()
    new = powers.moments()
    apart = _error(Transform(1.0), old, new)
    if apart <= _MOST_ERRORS or not math.isfinite(apart) or len(bins.lefts) < _FIRST or subject.is_time:
        return ()
    most = min(_MOST_ERRORS, apart / _BETTER)
    fitting = [
        (error, one)
        for one in (*KNOWN, *_own(old, new))
        if (error := _error(one, old, new)) <= most
        and _matters(one, old)
        and _quantiles_fit(one, bins, subject.before, subject.now)
    ]
    named = [(error, one) for error, one in fitting if one.words] or fitting
    nearest = min((error for error, _ in named), default=0.0)
    return tuple(one for _, one in sorted(named, key=lambda pair: max(pair[0], nearest + _TIED)))


def _matters(one: Transform, old: Moments) -> bool:
    """Tell whether a transformation is more than what any small change can be taken for."""
    moved = abs((one.factor - 1.0) * (old.mean or 0.0) + one.offset)
    factor = max(abs(one.factor), 1.0 / abs(one.factor))
    return factor >= _LEAST_FACTOR or moved >= _LEAST_MOVE * math.sqrt(old.variance or 0.0)


def _own(old: Moments, new: Moments) -> Iterator[Transform]:
    """Give the factor that the mean tells, where the mean is far from zero: the spread has to confirm it."""
    if old.mean and new.mean and old.variance and old.mean**2 > old.variance:
        yield Transform(float(f"{new.mean / old.mean:.3g}"))


def _error(one: Transform, old: Moments, new: Moments) -> float:
    """Say how far mean and spread are off, the greater of both in standard errors; infinite without a spread.

    The spread's error is that of a sample variance (Cramér 1946, section 27.4): (kurtosis + 2) / n.
    """
    if old.mean is None or new.mean is None or not old.variance or not new.variance:
        return math.inf
    spread = math.sqrt(old.variance) * abs(one.factor)
    mean_error = math.hypot(spread * math.sqrt(1.0 / old.n + 1.0 / new.n), _ALIKE * spread)
    mean_off = abs(new.mean - one.factor * old.mean - one.offset) / mean_error
    tails = max(old.kurtosis or 0.0, new.kurtosis or 0.0, 0.0) + 2.0
    spread_error = math.hypot(math.sqrt(tails * (1.0 / old.n + 1.0 / new.n)) / 2.0, _ALIKE)
    spread_off = abs(math.log(math.sqrt(new.variance) / spread)) / spread_error
    return max(mean_off, spread_off)


def _quantiles_fit(one: Transform, bins: NumberBins, before: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Tell whether the window has as many values below each border as the transformed baseline may have.

    How many baseline values lie below a border taken back is known to within one bin.
    """
    m, n = sum(before[_FIRST:]), sum(now[_FIRST:])
    if not m or not n:
        return False
    borders = np.asarray(bins.lefts)
    seen = np.cumsum(now[_FIRST:])[: len(borders)] / n
    taken_back = (borders - one.offset) / one.factor
    below = np.concatenate([[0.0], np.cumsum(before[_FIRST:]) / m])
    cell = _cell_of(bins, taken_back)
    least, most = below[cell], below[cell + 1]
    if one.factor < 0:
        least, most = 1.0 - most, 1.0 - least
    room = math.sqrt(math.log(2.0 / _MISSED) / 2.0) * (1.0 / math.sqrt(m) + 1.0 / math.sqrt(n)) + _ALIKE
    return bool(((seen >= least - room) & (seen <= most + room)).all())


def _cell_of(bins: NumberBins, values: Floats) -> NDArray[np.intp]:
    """Give the cell of each value among those of numbers, 0 for below all bins."""
    high = math.inf if bins.high is None else bins.high
    edges = np.array([*bins.lefts, math.nextafter(high, math.inf)])
    return np.searchsorted(edges, values, side="right")
