"""Known answers: numbers that the methods' authors published, from their own reference implementation.

They are of ConfSeq by Howard, Waudby-Smith and Ramdas (test/uniform_boundaries_unittest.cpp, whose values
come from a third implementation in R), at variance 100 and alpha 0.05, given there to five digits.
"""

import math

import numpy as np
import pytest

from hythe.statistics.evidence.mixture import best_precision, one_sided, two_sided
from hythe.statistics.evidence.rate import log_e_one_sided, log_e_rate

ALPHA = 0.05
G, H = 0.2, 0.8
UNITS, HITS = 625, 135
"""Their beta-binomial mixture has steps of -g and h; at variance 100 = g·h·n and sum 10 it has seen these."""


def precision(alpha: float) -> float:
    """The precision that is best at variance 100, in closed form (Howard et al. 2021, proposition 3)."""
    return 100 / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


def prior(alpha: float) -> tuple[float, float]:
    """Their prior of a rate: as precise, and with the mean at the level."""
    r = precision(alpha) - G * H
    return r / H, r / G


def test_the_best_precision_of_the_normal_mixture() -> None:
    assert precision(ALPHA) == pytest.approx(12.60056, abs=1e-5)
    # Theirs is an approximation in closed form; ours is found by search, and the boundary there no higher.
    assert best_precision(100.0, ALPHA) == pytest.approx(12.60056, rel=0.05)
    assert 30.33 < two_sided(100.0, ALPHA, best_precision(100.0, ALPHA)) <= 30.35209


def test_the_boundaries_of_the_normal_mixture() -> None:
    assert two_sided(100.0, ALPHA, precision(ALPHA)) == pytest.approx(30.35209, abs=1e-5)
    assert one_sided(100.0, ALPHA, precision(2 * ALPHA)) == pytest.approx(27.66071, abs=1e-5)


def test_a_brownian_motion_ever_crosses_the_mixtures_boundary_with_the_stated_probability() -> None:
    # Exactly alpha (Robbins and Siegmund 1970); looked at 3,000 times over nine decades, a little less.
    rng, crossed = np.random.default_rng(6), 0
    variance = np.geomspace(1e-3, 1e6, 3000)
    boundary = two_sided(variance, ALPHA, 1.0)
    steps = np.sqrt(np.diff(variance, prepend=0.0))
    for _ in range(20):
        paths = (rng.standard_normal((200, variance.size)) * steps).cumsum(axis=1)
        crossed += int((np.abs(paths) >= boundary).any(axis=1).sum())
    assert 0.038 < crossed / 4000 < 0.053


@pytest.mark.parametrize(("rate", "least"), [(0.02, 0.005), (0.3, 0.015)])
def test_the_interval_of_a_rate_misses_it_at_some_look_as_rarely_as_stated_and_not_much_more_rarely(
    rate: float, least: float
) -> None:
    looks = np.unique(np.geomspace(1, 20_000, 400).astype(int))
    blocks = np.random.default_rng(7).binomial(np.diff(looks, prepend=0), rate, (3000, looks.size))
    hits = blocks.cumsum(axis=1)
    missed = float(np.mean((log_e_rate(hits, looks, rate) >= math.log(1 / ALPHA)).any(axis=1)))
    assert least < missed < ALPHA + 3 * (ALPHA * (1 - ALPHA) / 3000) ** 0.5


def test_the_evidence_of_the_beta_binomial_mixture() -> None:
    both = log_e_rate(HITS, UNITS, G, prior=prior(ALPHA))
    above = log_e_one_sided(HITS, UNITS, G, "above", prior=prior(2 * ALPHA))
    assert both == pytest.approx(-0.6941012, abs=1e-6)
    assert above == pytest.approx(-0.07134019, abs=1e-6)


@pytest.mark.parametrize(("sided", "bound"), [("both", 31.4308), ("above", 28.41238)])
def test_the_boundary_of_the_beta_binomial_mixture(sided: str, bound: float) -> None:
    hits = G * UNITS + bound
    if sided == "both":
        found = log_e_rate(hits, UNITS, G, prior=prior(ALPHA))
    else:
        found = log_e_one_sided(hits, UNITS, G, "above", prior=prior(2 * ALPHA))
    assert found == pytest.approx(math.log(1 / ALPHA), abs=1e-5)
