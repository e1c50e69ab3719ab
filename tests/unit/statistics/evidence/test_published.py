"""Known answers: numbers that the methods' authors published, from their own reference implementation.

They are of ConfSeq by Howard, Waudby-Smith and Ramdas (test/uniform_boundaries_unittest.cpp, whose values
come from a third implementation in R), at variance 100 and alpha 0.05, given there to five digits.
"""

import math

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
