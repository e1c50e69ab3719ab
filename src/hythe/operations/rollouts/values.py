"""Each metric's values, read off what windows counted: how many units, and the sums of their powers."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.operations.rollouts.counted import Counts
from hythe.rollout.guard_data import Durations
from hythe.statistics.evidence.sums import Sums

_THOUSAND = 1000.0


def values_of(metric: str, counts: Counts) -> Sums | None:
    """Give the sums of a metric that windows count, scaled to 0..1; None for one that they do not.

    A failure that a fallback made good counts: the version failed.

    >>> values_of("error_rate", Counts({"answered": 97, "failed": 1, "rescued": 2})).total
    3
    """
    failed = counts["failed"] + counts["rescued"]
    if metric == "error_rate":
        return Sums.hits(counts["answered"] + failed, failed)
    if metric == "refusal_rate":
        return Sums.hits(requests_of(counts), counts["invalid"])
    if metric == "prediction":
        sums = _thousandths(counts["prediction.0"], counts, "prediction", 1)
        return sums._replace(cubes=counts["prediction.3"] / _THOUSAND**3)
    return _of_shadow(metric, counts)


def added(sums: Iterable[Sums]) -> Sums:
    """Put the units of several sums together."""
    parts = [Sums.hits(0, 0), *sums]
    return Sums(*(sum(column) for column in zip(*parts, strict=True)))


def durations_of(counts: Counts) -> Durations:
    """Give the durations of the answered requests by bucket, of all requests that drew the arm."""
    buckets = {place: n for place, n in counts.items() if isinstance(place, int) and n}
    return Durations(requests_of(counts), buckets)


def requests_of(counts: Counts) -> int:
    """Count the requests that drew this arm, whatever became of them."""
    return counts["answered"] + counts["failed"] + counts["rescued"] + counts["refused"]


def _of_shadow(metric: str, counts: Counts) -> Sums | None:
    """Read off copies: how many, how many failed, and the shares of rows that differ."""
    copies, failed = counts["shadow.0"], counts["shadow.1"]
    if metric == "shadow_errors":
        return Sums.hits(copies, failed)
    places = {"disagreement": 2, "movement": 4}
    if metric not in places:
        return None
    return _thousandths(copies - failed, counts, "shadow", places[metric])


def _thousandths(n: int, counts: Counts, name: str, place: int) -> Sums:
    """Give the sums of values in whole thousandths, whose squares are at the place behind."""
    total, squares = counts[f"{name}.{place}"], counts[f"{name}.{place + 1}"]
    return Sums(n, total / _THOUSAND, squares / _THOUSAND**2)
