"""How much traffic there was, and whether it broke off."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.service.served import Served

_LEFT = 0.25


def fallen_p_value(requests: int, expected: float) -> float:
    """Give the probability of so few requests or fewer, where a quarter of `expected` is right.

    By Poisson's distribution. Requests that come in bursts spread wider; the rest is room for that.

    >>> fallen_p_value(0, 0.0), fallen_p_value(0, 80.0) < 1e-8
    (1.0, True)
    """
    from scipy.special import pdtr

    return float(pdtr(requests, _LEFT * expected)) if expected > 0 else 1.0


def traffic(served: Served, past: Sequence[Served], share: float, alpha: float) -> Finding:
    """Say how many requests came, and alarm when fewer than a quarter of the quietest period like it did.

    With probability `alpha` at most where a quarter of them is still expected. `share` is the part of the
    endpoint's traffic that the version is to get; where nobody sends it any, nothing alarms.
    """
    quietest = share * min((each.whole for each in past), default=0.0)
    p_value = fallen_p_value(served.requests, quietest)
    fallen = p_value <= alpha
    return Finding(
        kind="traffic",
        check="requests",
        subject="requests",
        verdict="alarm" if fallen else "ok",
        message=_said(served, quietest, fallen=fallen),
        value=float(served.requests),
        limit=_LEFT * quietest if quietest else None,
        unit="requests",
        p_value=p_value if quietest else None,
        n=served.requests,
        details={"whole": served.whole},
    )


def _said(served: Served, quietest: float, *, fallen: bool) -> str:
    rate = served.requests / served.period_s
    found = f"{served.requests:,} requests, {rate:.3g} a second" if served.requests else "no requests"
    if not fallen:
        return found
    return (
        f"{found}, where the quietest period like this one had about {quietest:,.0f}: see whether callers "
        "still reach the endpoint (hythe top; what stands in front of it)"
    )
