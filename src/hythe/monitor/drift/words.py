"""What drift is called, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.monitor.drift.readings import Moved
from hythe.monitor.quality.subjects import percent

_LEAST_SHOWN = 1e-30


def fine(name: str, rows: int) -> str:
    """Say that nothing was found.

    >>> fine("tenure", 1200)
    'tenure is distributed as before, as far as 1,200 rows can tell'
    """
    return f"{name} is distributed as before, as far as {rows:,} rows can tell"


def found(subject: str, moved: Moved, measures: Mapping[str, Any], p_value: float) -> str:
    """Say what moved, how far, how rare that is by chance, and what to do.

    >>> found("feature:plan", Moved("'gold'", 0.2, 0.34), {}, 3e-9)
    "plan moved: 'gold' 20.0% -> 34.0%; by chance once in 3e+08 windows; see what changed upstream"
    """
    kind, _, name = subject.partition(":")
    remedy = "see which features moved" if kind == "output" else "see what changed upstream"
    parts = [f"{moved.name} {percent(moved.before)} -> {percent(moved.now)}"]
    spread = measures.get("standard_deviation_baseline")
    if spread and "mean" in measures:
        apart = (measures["mean"] - measures["mean_baseline"]) / spread
        parts.append(f"mean {measures['mean_baseline']:.4g} -> {measures['mean']:.4g} ({apart:+.2f} sd)")
    chance = f"by chance once in {1.0 / max(p_value, _LEAST_SHOWN):.0e} windows"
    return f"{name} moved: {', '.join(parts)}; {chance}; {remedy}"
