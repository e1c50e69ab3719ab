"""How large a window is in the catalog, for each feature, of few rows and of very many."""

from __future__ import annotations

import statistics
import zlib

from harness import Bench

from hythe.monitor.windows.window import Window, merge_all

GOAL_BYTES = 2000
_DOUBLINGS = 30


def window_size(bench: Bench, found: list[Window]) -> None:
    """Measure, and compare with the goal; a count has as many digits as there were rows, and no more."""
    whole = huge = merge_all(found)
    for _ in range(_DOUBLINGS):
        huge = merge_all([huge, huge])
    seconds = statistics.median([_bytes(window) for window in found])
    for name, size, rows in (
        ("a second's", seconds, statistics.median([window.rows for window in found])),
        ("that of all turns", _bytes(whole), whole.rows),
        ("10⁹ times as many rows", _bytes(huge), huge.rows),
    ):
        bench.row({"part": f"window: {name}", "bytes a feature": size, "rows": f"{rows:.3g}"})
        what = f"a stored window, {name}, for each of {len(whole.features)} features"
        bench.check(what, round(size), "bytes", f"≤ {GOAL_BYTES}", size <= GOAL_BYTES)


def _bytes(window: Window) -> float:
    """Give the bytes for each feature, with all else that is in the window, as the catalog compresses it."""
    return len(zlib.compress(window.encode(), 1)) / len(window.features)
