"""Runs a detector of River over a stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.base.errors import Unsupported


def detections(name: str, values: Iterable[float], **options: float | str) -> list[int]:
    """Give the places of the values at which the detector `name` of `river.drift` finds a change.

    Raises:
        Unsupported: when River is not installed.

    """
    try:
        from river import drift
    except ImportError as err:
        raise Unsupported("streaming detectors need river; install 'hythe[stream-detectors]'") from err
    make: Any = getattr(drift, name)
    detector = make(**options)
    found = []
    for place, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            found.append(place)
    return found
