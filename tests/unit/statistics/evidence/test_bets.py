"""The stakes, against what information theory allows."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr

from hythe.base.errors import Invalid
from hythe.statistics.evidence.bets import best_bet, growth

SHARES = st.floats(0.02, 0.98)
MEANS = st.floats(0.01, 0.9)


def told(share: float, mean_a: float, mean_b: float, margin: float) -> float:
    """The least Kullback-Leibler divergence of a unit from a hypothesis whose arms are `margin` apart.

    No e-value grows faster (Grünwald, de Heide and Koolen 2024, theorem 1).
    """

    def apart(at: float) -> float:
        pairs = ((1 - share, mean_a, at), (share, mean_b, at + margin))
        return float(sum(part * (rel_entr(p, q) + rel_entr(1 - p, 1 - q)) for part, p, q in pairs))

    ends = max(0.0, -margin) + 1e-9, min(1.0, 1.0 - margin) - 1e-9
    return float(minimize_scalar(apart, bounds=ends, method="bounded", options={"xatol": 1e-10}).fun)


@pytest.mark.parametrize(("mean", "difference"), [(0.001, 0.01), (0.02, 0.01), (0.3, 0.05)])
def test_at_an_even_split_no_evidence_at_all_grows_faster(mean: float, difference: float) -> None:
    bet = best_bet(0.5, 0.0, mean, difference)
    assert growth(bet, 0.5, (mean, mean + difference)) == pytest.approx(
        told(0.5, mean, mean + difference, 0.0), rel=1e-3
    )


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
@pytest.mark.parametrize(
    ("mean", "margin", "difference"), [(0.02, 0.0, 0.01), (0.02, 0.01, 0.0), (0.3, 0.05, 0.0)]
)
def test_at_uneven_splits_hardly_any_could(
    share: float, mean: float, margin: float, difference: float
) -> None:
    bet = best_bet(share, margin, mean, difference)
    grows = growth(bet, share, (mean, mean + difference))
    possible = told(share, mean, mean + difference, margin)
    assert 0.96 * possible < grows <= possible * (1 + 1e-6)


@given(SHARES, st.floats(-0.3, 0.3), MEANS, st.floats(-0.5, 0.5), st.sampled_from([0.05, 0.3, 1.0]))
@settings(deadline=None)
def test_no_other_stake_grows_faster(
    share: float, margin: float, mean: float, difference: float, spread: float
) -> None:
    bet = best_bet(share, margin, mean, difference, spread)
    means = mean, mean + difference
    grows = growth(bet, share, means, spread)
    assert grows >= -1e-12
    for times in (0.9, 0.99):
        assert growth(bet._replace(stake=times * bet.stake), share, means, spread) <= grows + 1e-9
    worst = min(bet.stake * pay for pay in (*bet.a, *bet.b))
    assert worst > -1.0


@given(SHARES, st.floats(-0.3, 0.3), MEANS)
def test_where_the_arms_are_the_margin_apart_a_unit_pays_nothing_on_average(
    share: float, margin: float, mean: float
) -> None:
    bet = best_bet(share, margin, 0.2, margin + 0.1)
    mean_b = min(max(mean + margin, 0.0), 1.0)
    mean_a = mean_b - margin
    paid = (1 - share) * (bet.a.low + (bet.a.high - bet.a.low) * mean_a)
    paid += share * (bet.b.low + (bet.b.high - bet.b.low) * mean_b)
    assert paid == pytest.approx(0.0, abs=1e-9)


def test_an_arm_without_traffic_cannot_be_bet_on() -> None:
    with pytest.raises(Invalid, match=r"share of the arm is 0\.0"):
        best_bet(0.0, 0.0, 0.1, 0.1)
    assert math.isfinite(best_bet(0.5, 0.0, 0.0, 0.1).stake)
