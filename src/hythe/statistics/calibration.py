"""How far scores can be taken at their word: reliability, calibration error, Brier score, log loss."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.statistics.exact import mean

BINS = 10
_LEAST = float(np.finfo(np.float64).eps)

Scores = NDArray[np.float64]


class Reliability(msgspec.Struct, frozen=True):
    """Scores in one of the bins of [0, 1]: how many, their mean, and how often they came true."""

    n: int
    score: float
    rate: float


def reliability(scores: Scores, hits: NDArray[np.bool_], bins: int = BINS) -> tuple[Reliability, ...]:
    """Sort `scores` in [0, 1] into equally wide bins; a bin holds its right border, as in (0.1, 0.2].

    >>> reliability(np.array([0.1, 0.9]), np.array([False, True]), bins=2)
    (Reliability(n=1, score=0.1, rate=0.0), Reliability(n=1, score=0.9, rate=1.0))
    """
    places = np.clip(np.ceil(scores * bins).astype(np.int64) - 1, 0, bins - 1)
    found = []
    for place in range(bins):
        inside = places == place
        n = int(inside.sum())
        found.append(
            Reliability(n, mean(scores[inside]) if n else 0.0, int(hits[inside].sum()) / n if n else 0.0)
        )
    return tuple(found)


def calibration_error(bins: tuple[Reliability, ...]) -> float:
    """Give the expected calibration error: Σ n/N · |rate - score| (Guo et al. 2017, eq. 3)."""
    rows = sum(item.n for item in bins) or 1
    return math.fsum(item.n * abs(item.rate - item.score) for item in bins) / rows


def brier_score(scores: Scores, truth: NDArray[np.intp]) -> float:
    """Give the mean squared error of probabilities [rows, classes] (Brier 1950).

    Two classes count once, as usual; more are summed over.
    """
    wanted = np.zeros_like(scores)
    wanted[np.arange(len(truth)), truth] = 1.0
    squares = (scores - wanted) ** 2
    return mean(squares[:, 1] if scores.shape[1] == 2 else squares.sum(axis=1))  # noqa: PLR2004 - two classes


def log_loss(scores: Scores, truth: NDArray[np.intp]) -> float:
    """Give the mean of -log p of what came true; p is kept from 0 and 1 by the machine's epsilon."""
    told = np.clip(scores[np.arange(len(truth)), truth], _LEAST, 1.0 - _LEAST)
    return math.fsum(-math.log(p) for p in told.tolist()) / len(truth)
