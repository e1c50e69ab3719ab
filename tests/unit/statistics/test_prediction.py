"""Predictive p-values against Student's t, the normal law, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hythe.statistics.prediction import predicted_p


@pytest.mark.parametrize("df", [2.0, 6.0, 13.0, 100.0, 400.0])
@pytest.mark.parametrize("p", [1e-2, 1e-5, 1e-9])
def test_far_above_independence_it_is_students_t(df: float, p: float) -> None:
    z = stats.t.isf(p / 2, df) * 100.0
    assert predicted_p(z, 100.0**2, df) == pytest.approx(p, rel=0.02)


@pytest.mark.parametrize("p", [1e-2, 1e-6, 1e-12])
def test_what_certainly_varies_like_rows_is_normal(p: float) -> None:
    assert predicted_p(stats.norm.isf(p / 2), 0.5, 1e6) == pytest.approx(p, rel=1e-3)


def test_design_effects_below_one_are_never_believed() -> None:
    z = np.array([2.0, 4.0, 8.0])
    assert (predicted_p(z, 0.1, 50.0) >= 2 * stats.norm.sf(z) * (1 - 1e-9)).all()


def test_variation_that_weighs_more_than_where_it_was_learned_makes_a_deviation_likelier() -> None:
    once, often = predicted_p(8.0, 4.0, 40.0, [1.0, 10.0])
    assert often > 100 * once
    assert predicted_p(8.0, 4.0, 1e7, 10.0) == pytest.approx(2 * stats.norm.sf(8 / np.sqrt(31)), rel=1e-3)


@pytest.mark.parametrize(
    ("effect", "learned", "ratio"), [(1.0, 10, 1.0), (3.0, 10, 1.0), (3.0, 25, 4.0), (1.5, 8, 0.3)]
)
def test_it_is_below_alpha_at_most_as_often_as_alpha_says(effect: float, learned: int, ratio: float) -> None:
    rng = np.random.default_rng(7)
    scale = effect * rng.chisquare(learned, 20_000) / learned
    z = rng.normal(size=20_000) * np.sqrt(1.0 + ratio * (effect - 1.0))
    p = predicted_p(z, scale, float(learned), ratio)
    for alpha in (0.1, 0.01, 0.001):
        assert (p <= alpha).mean() <= alpha + 3 * np.sqrt(alpha / len(p))
