"""How a bandit shares out its traffic: each arm as often as it is likely to be the better one."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv

from hythe.rollout.guard import Guard, GuardReport

_PLACES = 256
_DIGITS = 2


def probability_better(n_a: float, mean_a: float, n_b: float, mean_b: float) -> float:
    """Give the probability that arm b's mean reward is above arm a's, after `n` rewards from 0 to 1 of each.

    Both posteriors are Beta(1 + n·mean, 1 + n·(1 - mean)): exact for rewards of 0 and 1, and wider than need
    be for those in between (Agrawal and Goyal 2012, section 1.2). The probability is the mean of a's
    distribution function over b's quantiles, at 256 places.

    >>> round(probability_better(0, 0.0, 0, 0.0), 6)
    0.5
    >>> probability_better(1000, 0.10, 1000, 0.15) > 0.99
    True
    """
    probabilities = (np.arange(_PLACES) + 0.5) / _PLACES
    quantiles = betaincinv(1.0 + n_b * mean_b, 1.0 + n_b * (1.0 - mean_b), probabilities)
    return float(np.mean(betainc(1.0 + n_a * mean_a, 1.0 + n_a * (1.0 - mean_a), quantiles)))


def weigh(question: Guard, report: GuardReport, floor: float) -> tuple[float, float]:
    """Give the champion's and the candidate's weights by what each earned so far; they add up to 1.

    Thompson sampling by probability matching, for arms that are weighed anew once in a while (Thompson 1933;
    Scott 2010, section 3): each has the probability of being the better one, and `floor` at least. Weights
    are whole hundredths, so that a difference in the third digit moves no traffic.

    The arms are told apart by the report's `difference`, which compares them within each share of the
    traffic: plain means would mix up the arms with the hours in which they had most of it.
    """
    means = _rewards(question, report)
    chance = 0.5
    if means is not None:
        chance = probability_better(report.n_champion, means[0], report.n_candidate, means[1])
    candidate = round(min(max(round(chance, _DIGITS), floor), 1.0 - floor), 12)
    return round(1.0 - candidate, 12), candidate


def _rewards(question: Guard, report: GuardReport) -> tuple[float, float] | None:
    """Scale both means to rewards from 0 to 1, of which more is better; None without data."""
    if report.champion is None or report.difference is None:
        return None
    low, high = question.range or (0.0, 1.0)
    place = (report.champion - low) / (high - low)
    reward = place if question.kind.worse < 0 else 1.0 - place
    better = -report.difference / (high - low)
    return min(max(reward, 0.0), 1.0), min(max(reward + better, 0.0), 1.0)
