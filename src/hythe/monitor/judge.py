"""Judges all p-values of a period together, so that its rate of false alarms is the stated one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate

LEAST_WEIGHT = 0.1
"""What matters less, or has a smaller share, is weighed as if it were so much, lest it can never alarm."""


def judge(candidates: Sequence[Candidate], alpha: float) -> tuple[Finding, ...]:
    """Make findings of candidates, in their order: those that weighted Benjamini-Hochberg rejects alarm.

    Each p-value is divided by its weight times its share, scaled to the mean 1; the k smallest are rejected,
    k the greatest for which the k-th is at most alpha · k / q (Benjamini & Hochberg 1995; weights: Genovese,
    Roeder & Wasserman 2006, section 2). Where nothing drifts, P(any alarm) is at most alpha for p-values that
    are independent or positively dependent (Benjamini & Yekutieli 2001); of the alarms, a share of alpha is
    false on average. `details["adjusted_p"]` is the least alpha at which a candidate alarms, and
    `details["p_limit"]` the greatest p-value at which it would alarm, the others being as they are. There is
    no `limit` of the effect itself: what is unlikely hangs on where and how the distribution moved.

    >>> two = [Candidate(kind="drift", check="distribution", subject=name, p_value=p, fine="-", found="!")
    ...        for name, p in (("feature:a", 1e-6), ("feature:b", 0.4))]
    >>> [finding.verdict for finding in judge(two, 1e-4)]
    ['alarm', 'ok']
    """
    raw = [
        max(candidate.weight, LEAST_WEIGHT) * max(candidate.share, LEAST_WEIGHT) for candidate in candidates
    ]
    mean = sum(raw) / len(raw) if raw else 1.0
    p_values, weights = [candidate.p_value for candidate in candidates], [weight / mean for weight in raw]
    adjusted, at_most = adjust(p_values, weights), limits(p_values, weights, alpha)
    return tuple(
        _finding(candidate, {"adjusted_p": level, "p_limit": limit}, alarms=level <= alpha)
        for candidate, level, limit in zip(candidates, adjusted, at_most, strict=True)
    )


def adjust(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Give the least level at which weighted Benjamini-Hochberg rejects each; weights have the mean 1.

    >>> adjust([0.01, 0.04, 0.03], [1.0, 1.0, 1.0])
    [0.03, 0.04, 0.04]
    """
    weighed = [p / weight for p, weight in zip(p_values, weights, strict=True)]
    order = sorted(range(len(weighed)), key=weighed.__getitem__, reverse=True)
    found = [1.0] * len(weighed)
    least = 1.0
    for place, index in enumerate(order):
        least = min(least, weighed[index] * len(weighed) / (len(weighed) - place))
        found[index] = least
    return found


def limits(p_values: Sequence[float], weights: Sequence[float], alpha: float) -> list[float]:
    """Give for each the greatest p-value at which it is rejected at `alpha`, all others staying as they are.

    Where it stands alone, alpha · weight / q; the more others are rejected with it, the more.

    >>> [round(limit, 4) for limit in limits([0.001, 0.04, 0.9], [1.0, 1.0, 1.0], 0.05)]
    [0.0167, 0.0333, 0.05]
    """
    q = len(p_values)
    weighed = [p / weight for p, weight in zip(p_values, weights, strict=True)]
    ordered = sorted(weighed)
    within = [bisect_right(ordered, alpha * k / q) for k in range(1, q + 1)]
    rejected = max((k for k, found in enumerate(within, 1) if found >= k), default=0)
    # one more that is small would be enough for these numbers of rejections
    near = [k for k, found in enumerate(within, 1) if found == k - 1]
    found = []
    for value, weight in zip(weighed, weights, strict=True):
        alone = value <= alpha * rejected / q
        k = rejected if alone else near[bisect_left(near, value, key=lambda k: alpha * k / q) - 1]
        found.append(min(alpha * k * weight / q, 1.0))
    return found


def _finding(candidate: Candidate, judged: Mapping[str, float], *, alarms: bool) -> Finding:
    return Finding(
        kind=candidate.kind,
        check=candidate.check,
        subject=candidate.subject,
        verdict="alarm" if alarms else "ok",
        message=candidate.found if alarms else candidate.fine,
        value=candidate.value,
        unit=candidate.unit,
        low=candidate.low,
        high=candidate.high,
        p_value=candidate.p_value,
        weight=candidate.weight,
        n=candidate.n,
        details={**candidate.details, **judged},
    )
