"""ADWIN: cuts a stream where the means before and after differ by more than chance (Bifet & Gavaldà 2007)."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.monitor.drift.river_detector import detections

CLOCK = 32
"""After how many values the detector looks."""


def changes(values: Iterable[float], delta: float = 0.002) -> list[int]:
    """Give the places of the values at which River's ADWIN finds that the mean has changed.

    At each look the probability of a change found in a stream without one is at most about `delta`.

    >>> changes([0.0, 1.0] * 500 + [5.0, 6.0] * 500)
    [1023]

    Raises:
        Unsupported: when River is not installed.

    """
    return detections("ADWIN", values, delta=delta, clock=CLOCK)


def delta_for(false_alarms: float, values: float) -> float:
    """Give the `delta` at which at most `false_alarms` are found for nothing in so many values, on average.

    >>> round(delta_for(1.0, 1_000_000), 9)
    3.2e-05
    """
    return min(0.5, false_alarms * CLOCK / max(values, CLOCK))
