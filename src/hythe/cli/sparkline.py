"""A row of numbers as a row of small bars."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_MOST = 24


def sparkline(values: Sequence[float | None], top: float | None = None) -> str:
    """Draw the last 24 values from 0 up to `top`, the largest where it is not given; gaps for None.

    >>> sparkline([0, 1, None, 4]), sparkline([0.0, 0.0])
    ('▁▃ █', '▁▁')
    """
    shown = values[-_MOST:]
    highest = top if top is not None else max((abs(value) for value in shown if value is not None), default=0)
    return "".join(" " if value is None else _bar(abs(value), highest) for value in shown)


def _bar(value: float, highest: float) -> str:
    if not highest > 0:
        return _BARS[0]
    return _BARS[min(int(value / highest * len(_BARS)), len(_BARS) - 1)]
