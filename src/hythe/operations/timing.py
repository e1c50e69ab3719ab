"""How long one row takes: measured when packing, kept as a fact of the version."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

_BUDGET_S = 0.25
_MOST_CALLS = 300
_WARM_UP = 2


def median_us(call: Callable[[], object]) -> float:
    """Time `call` for at most a quarter of a second and give its median in microseconds."""
    for _ in range(_WARM_UP):
        call()
    taken: list[float] = []
    end = time.perf_counter() + _BUDGET_S
    while len(taken) < _MOST_CALLS and (not taken or time.perf_counter() < end):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken) * 1e6, 1)
