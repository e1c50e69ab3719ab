"""What guards know, in figures as people read them: durations, shares, numbers."""

from __future__ import annotations

from hythe.rollout.guard import Guard, GuardReport

_UNKNOWN = "-"
_WHOLE = 100.0


def level(guard: Guard, value: float | None) -> str:
    """Write an estimate of a guard's metric: a duration, a share, or a number.

    >>> level(Guard("latency_p99"), 0.025), level(Guard("error_rate"), 0.05), level(Guard("brier"), None)
    ('25 ms', '5%', '-')
    """
    if value is None:
        return _UNKNOWN
    if guard.kind.scale == "quantile":
        return f"{1e3 * value:.3g} ms"
    return f"{value:.4g}" if guard.range is not None else f"{100 * value:.3g}%"


def difference(guard: Guard, value: float | None) -> str:
    """Write how much worse a guard's metric is, with its sign: a share as per cent, else a number.

    >>> difference(Guard("latency_p99"), 13.3), difference(Guard("value:revenue", range=(0.0, 9.0)), -1.5)
    ('+1,330%', '-1.5')
    """
    if value is None:
        return _UNKNOWN
    return f"{value:+.4g}" if guard.range is not None else f"{_rounded(100 * value):+,g}%"


def between(guard: Guard, report: GuardReport) -> str:
    """Write the interval of a report's difference: +2% to +6%, or +2% or more."""
    if report.low is None:
        return _UNKNOWN
    low = difference(guard, report.low)
    return f"{low} or more" if report.high is None else f"{low} to {difference(guard, report.high)}"


def _rounded(value: float) -> float:
    """Round to three digits, and never to tens: 1,330 stays so, 12.345 becomes 12.3."""
    return round(value) if abs(value) >= _WHOLE else float(f"{value:.3g}")
