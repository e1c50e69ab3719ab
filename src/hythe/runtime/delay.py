"""How much longer things take than was computed, learned from how long they took."""

from __future__ import annotations

_GAIN, _DEVIATION_GAIN = 0.125, 0.25
_DEVIATIONS = 4.0
_MOST_RATIO = 64.0
_LEAST_S = 1e-6


class Delay:
    """Smooths the ratio of taken to computed seconds, and how far it strays.

    What is computed from the cost of a model leaves out what else a machine does meanwhile: reading and
    writing, other processes, other callers' turns. Source: RFC 6298, section 2 (a smoothed round trip, its
    smoothed deviation, and four times that on top), applied to the ratio.

    >>> delay = Delay()
    >>> for _ in range(50):
    ...     delay.learn(computed_s=0.010, taken_s=0.012)
    >>> round(delay.likely(0.100), 3), round(delay.most(0.100), 3)
    (0.12, 0.12)
    """

    __slots__ = ("_deviation", "_ratio")

    def __init__(self) -> None:
        self._ratio = 1.0
        self._deviation = 0.0

    def likely(self, computed_s: float) -> float:
        """Give the seconds that are to be expected where this much was computed."""
        return computed_s * self._ratio

    def most(self, computed_s: float) -> float:
        """Give the seconds that nearly all of those stay within for which this much was computed."""
        return computed_s * (self._ratio + _DEVIATIONS * self._deviation)

    def learn(self, computed_s: float, taken_s: float) -> None:
        """Take into account how long something took."""
        if computed_s < _LEAST_S:
            return
        off = min(taken_s / computed_s, _MOST_RATIO) - self._ratio
        self._ratio += _GAIN * off
        self._deviation += _DEVIATION_GAIN * (abs(off) - self._deviation)
