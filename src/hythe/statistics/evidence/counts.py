"""Events that have no denominator, such as restarts: more in arm b than its share explains."""

from __future__ import annotations

from typing import Any

from hythe.statistics.evidence.contrast import Side
from hythe.statistics.evidence.rate import log_e_one_sided
from hythe.statistics.evidence.sums import Number


def log_e_counts(
    events_a: Number, events_b: Number, share: float, ratio: float = 1.0, side: Side = "above"
) -> Any:
    """Give the logarithm of the e-value against "arm b's rate of events is at most `ratio` times arm a's".

    With `side` "below", against "is at least `ratio` times arm a's". Numbers in, a number out; arrays
    likewise.

    Given their number, events of two Poisson processes whose rates stand as traffic's shares fall to arm b
    with a fixed probability (Przyborowski and Wilenski 1940), so the test is one of a rate; it may be looked
    at after every event (Lindon and Malek 2022, section 4).

    >>> bool(log_e_counts(90, 10, share=0.1) < 0 < log_e_counts(90, 60, share=0.1))
    True
    """
    level = ratio * share / (ratio * share + 1.0 - share)
    return log_e_one_sided(events_b, events_a + events_b, level, side)
