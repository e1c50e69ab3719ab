"""Plots in plain text, without escape codes, so that they survive a pipe."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉"
_FULL = "█"


def spark(values: Sequence[float | None], width: int = 60) -> str:
    """Draw values over time in one line; several share a place when there are more than `width`.

    >>> spark([0, 1, 2, 3, None, 7])
    '▁▂▃▄ █'
    """
    merged = _merged(values, width)
    top = max((value for value in merged if value is not None), default=0.0) or 1.0
    return "".join(" " if value is None else _LEVELS[round(value / top * 7)] for value in merged)


def bar(share: float, width: int = 40) -> str:
    """Draw a share from 0 to 1 as a bar of up to `width` letters.

    >>> bar(0.5, 5), bar(0.0, 5)
    ('██▌', '')
    """
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    return _FULL * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")


def log_bins(bins: Sequence[tuple[float, int]], most: int = 14) -> list[tuple[float, int]]:
    """Merge ascending `(upper bound, count)` into at most `most` bins of equal width on a log scale.

    >>> log_bins([(1.0, 5), (1.1, 5), (10.0, 1), (100.0, 1)], most=2)
    [(10.0, 11), (100.0, 1)]
    """
    if not bins:
        return []
    low, high = math.log(bins[0][0]), math.log(bins[-1][0])
    step = max((high - low) / most, math.log(1.1))
    number = max(1, math.ceil((high - low) / step - 1e-9))
    merged = [0] * number
    for bound, count in bins:
        merged[min(number - 1, max(0, math.ceil((math.log(bound) - low) / step - 1e-9) - 1))] += count
    return [(round(math.exp(low + step * (i + 1)), 9), count) for i, count in enumerate(merged)]


def _merged(values: Sequence[float | None], width: int) -> list[float | None]:
    each = max(1, math.ceil(len(values) / width))
    merged: list[float | None] = []
    for start in range(0, len(values), each):
        found = [value for value in values[start : start + each] if value is not None]
        merged.append(sum(found) / len(found) if found else None)
    return merged
