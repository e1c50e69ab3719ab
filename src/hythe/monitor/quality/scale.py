"""Columns in another unit: all values multiplied, raised, or turned, by the same."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hythe.monitor.drift.normal import Normal
from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import Subject, features
from hythe.monitor.quality.transforms import Transform, shown, transforms
from hythe.statistics.bins import NumberBins

CHANCE = 1e-12
"""It speaks only where chance would make samples of one distribution differ so much more rarely than this."""
_FIRST = 2


class Scale:
    """Finds features whose values look multiplied by a factor, as another unit makes them.

    It gives a candidate only where the difference to the baseline itself is beyond chance, by a bound that
    holds for all sizes (Dvoretzky, Kiefer & Wolfowitz 1956, with Massart's constant of 1990 for each of both
    samples), at 1e-12: so the other features need no place among the tests of a period. Where variation
    between windows was learned, the difference is tested against that.
    """

    name = "scale"

    def look(self, period: Period) -> Iterator[Candidate]:
        """Give a candidate for each feature whose values look transformed."""
        for subject in features(period):
            chance = _chance(subject, period.normal, period.window.start)
            if chance is None or chance > CHANCE:
                continue
            found = transforms(subject)
            if found:
                yield _candidate(subject, found, chance)


def apart_by_chance(before: tuple[int, ...], now: tuple[int, ...]) -> float:
    """Bound the chance that two samples of one distribution differ as these cells do, missing left aside.

    Two empirical distributions that differ by d are not both within d·√n/(√m + √n) and d·√m/(√m + √n) of
    the true one, each of which has the chance 2·exp(-2·m·n·d²/(√m + √n)²).

    >>> apart_by_chance((0, 0, 0, 500, 500, 0), (0, 0, 0, 250, 250, 0))
    1.0
    """
    m, n = sum(before[_FIRST:]), sum(now[_FIRST:])
    if not m or not n:
        return 1.0
    below = widest = 0.0
    for one, other in zip(before[_FIRST:], now[_FIRST:], strict=True):
        below += one / m - other / n
        widest = max(widest, abs(below))
    return min(1.0, 4.0 * math.exp(-2.0 * m * n * widest**2 / (math.sqrt(m) + math.sqrt(n)) ** 2))


def _chance(subject: Subject, normal: Normal | None, start: int) -> float | None:
    if not isinstance(subject.bins, NumberBins):
        return None
    if normal is None:
        return apart_by_chance(subject.before, subject.now)
    found = normal.judge(subject.name, subject.now, start)
    return None if found is None else found.p_value


def _candidate(subject: Subject, found: tuple[Transform, ...], chance: float) -> Candidate:
    return Candidate(
        kind="quality",
        check="scale",
        subject=subject.name,
        p_value=chance,
        fine=f"{subject.short} is on the scale of the baseline",
        found=(
            f"{subject.short} looks {shown(found)} in {subject.rows} rows; see which unit whatever fills it "
            "uses now"
        ),
        value=found[0].factor,
        unit="factor",
        weight=subject.weight,
        n=subject.rows,
        details={"transforms": [one._asdict() for one in found]},
    )
