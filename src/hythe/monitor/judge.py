"""Judges all p-values of a period together, so that its rate of false alarms is the stated one."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate

LEAST_WEIGHT = 0.1
"""What matters less is weighed as if it mattered so much, lest it can never alarm."""


def judge(candidates: Sequence[Candidate], alpha: float) -> tuple[Finding, ...]:
    """Make findings of candidates, in their order: those that weighted Benjamini-Hochberg rejects alarm.

    Each p-value is divided by its weight, weights scaled to the mean 1; the k smallest are rejected, k the
    greatest for which the k-th is at most alpha · k / q (Benjamini & Hochberg 1995; weights: Genovese, Roeder
    & Wasserman 2006, section 2). Where nothing drifts, P(any alarm) is at most alpha for p-values that are
    independent or positively dependent (Benjamini & Yekutieli 2001); of the alarms, a share of alpha is
    false on average. `details["adjusted_p"]` is the least alpha at which a candidate alarms.

    >>> two = [Candidate(kind="drift", check="distribution", subject=name, p_value=p, fine="-", found="!")
    ...        for name, p in (("feature:a", 1e-6), ("feature:b", 0.4))]
    >>> [finding.verdict for finding in judge(two, 1e-4)]
    ['alarm', 'ok']
    """
    raw = [max(candidate.weight, LEAST_WEIGHT) for candidate in candidates]
    mean = sum(raw) / len(raw) if raw else 1.0
    adjusted = adjust([candidate.p_value for candidate in candidates], [weight / mean for weight in raw])
    return tuple(
        _finding(candidate, at, at <= alpha) for candidate, at in zip(candidates, adjusted, strict=True)
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


def _finding(candidate: Candidate, adjusted: float, alarms: bool) -> Finding:
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
        details={**candidate.details, "adjusted_p": adjusted},
    )
