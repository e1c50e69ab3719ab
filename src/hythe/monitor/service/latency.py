"""Whether replies take longer than they may, from counts in buckets, with exact intervals of quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.service.limits import QUANTILES, ServiceLimits
from hythe.monitor.service.served import Served, upper
from hythe.monitor.windows.timing import BOUNDS, Timing

_WORSE = 2.0
_MS = 1000.0


def quantile_interval(timing: Timing, q: float, alpha: float) -> tuple[float, float]:
    """Give bounds of a quantile in seconds, each wrong with probability `alpha` at most.

    They are order statistics, chosen by the binomial distribution (David, Nagaraja 2003, section 7.1), and
    the borders of their buckets: the lower one of the lower, the upper one of the upper.
    """
    from scipy.stats import binom

    below = int(binom.ppf(alpha, timing.n, q))
    above = int(binom.ppf(1.0 - alpha, timing.n, q)) + 1
    low = _border(timing, below, upper_side=False) if below >= 1 else 0.0
    high = _border(timing, above, upper_side=True) if above <= timing.n else math.inf
    return low, high


def limit_of(name: str, limits: ServiceLimits, past: Sequence[Served]) -> float | None:
    """Give the stated limit in seconds, else twice what 95% of the past periods stayed within, if any."""
    stated: float | None = getattr(limits, f"{name}_s")
    if stated is not None:
        return stated
    usual = upper([served.quantiles_s.get(name, math.nan) for served in past])
    return None if usual is None else _WORSE * usual


def latency(timing: Timing, past: Sequence[Served], limits: ServiceLimits, alpha: float) -> list[Finding]:
    """Hold each quantile against its limit; nothing where nothing was answered.

    One alarms when it is proven to be above its limit: where it is not, with probability `alpha` at most.
    """
    if not timing.n:
        return []
    return [
        _finding(timing, name, q, limit_of(name, limits, past), alpha / len(QUANTILES))
        for name, q in QUANTILES.items()
    ]


def _finding(timing: Timing, name: str, q: float, limit: float | None, alpha: float) -> Finding:
    value = timing.quantile(q)
    low, high = quantile_interval(timing, q, alpha)
    above = limit is not None and low > limit
    most = f"between {_ms(low)} and {_ms(high)}" if math.isfinite(high) else f"{_ms(low)} or more"
    said = f"{name} of {timing.n:,} answers is {_ms(value)} ({most})"
    if limit is None:
        said += "; there is no limit, and too little past to compare with"
    elif above:
        said += f", more than the limit of {_ms(limit)}: see queue and inference times in hythe top"
    else:
        said += f", within the limit of {_ms(limit)}"
    return Finding(
        kind="latency",
        check=f"latency_{name}",
        subject="requests",
        verdict="alarm" if above else "ok",
        message=said,
        value=value if math.isfinite(value) else None,
        limit=limit,
        unit="s",
        low=low,
        high=high if math.isfinite(high) else None,
        n=timing.n,
    )


def _border(timing: Timing, place: int, *, upper_side: bool) -> float:
    """Give the border of the bucket that holds the `place`-th shortest duration, counted from 1."""
    left = place
    for bucket in sorted(timing.buckets):
        left -= timing.buckets[bucket]
        if left <= 0:
            return _edge(bucket) if upper_side else _edge(bucket - 1)
    return math.inf


def _edge(bucket: int) -> float:
    if bucket < 0:
        return 0.0
    return float(BOUNDS[bucket]) if bucket < len(BOUNDS) else math.inf


def _ms(seconds: float) -> str:
    return f"{seconds * _MS:.3g} ms" if math.isfinite(seconds) else "beyond 1000 s"
