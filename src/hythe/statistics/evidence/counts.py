"""Events that have no denominator, such as restarts: more in arm b than its share explains."""

from __future__ import annotations

from hythe.statistics.evidence.rate import log_e_one_sided


def log_e_counts(events_a: int, events_b: int, share: float, ratio: float = 1.0) -> float:
    """Give the logarithm of the e-value against "arm b's rate of events is at most `ratio` times arm a's".

    Given their number, events of two Poisson processes whose rates stand as traffic's shares fall to arm b
    with a fixed probability (Przyborowski and Wilenski 1940), so the test is one of a rate; it may be looked
    at after every event (Lindon and Malek 2022, section 4).

    >>> log_e_counts(90, 10, share=0.1) < 0 < log_e_counts(90, 60, share=0.1)
    True
    """
    level = ratio * share / (ratio * share + 1.0 - share)
    return log_e_one_sided(events_b, events_a + events_b, level, "above")
