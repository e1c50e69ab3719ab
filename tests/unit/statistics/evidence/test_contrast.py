"""The comparison of two arms, against algebra, enumeration and simulation."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hythe.base.errors import Invalid
from hythe.statistics.evidence.bets import best_bet
from hythe.statistics.evidence.contrast import Arms, Contrast, Sums, interval

ALPHA = 0.05
WORSE = Contrast(margin=0.0, side="above", mean=0.1, effect=0.05)
SHARES = st.floats(0.01, 0.99)
RATES = st.floats(0.0, 1.0)


def expected_e(contrast: Contrast, share: float, means: list[tuple[float, float]]) -> float:
    """Add up e times its chance over everything that as many requests as there are means may do."""
    total = 0.0
    for fate in product([(arm, hit) for arm in (0, 1) for hit in (0, 1)], repeat=len(means)):
        chance = 1.0
        counts = np.zeros((2, 2))
        for (arm, hit), pair in zip(fate, means, strict=True):
            chance *= (share if arm else 1 - share) * (pair[arm] if hit else 1 - pair[arm])
            counts[arm] += (1, hit)
        a, b = (Sums.hits(*row) for row in counts)
        total += chance * contrast.e({share: Arms(a, b)})
    return total


@given(SHARES, st.lists(RATES, min_size=1, max_size=4), st.floats(0.001, 0.5), st.floats(0.001, 1.0))
@settings(max_examples=60, deadline=None)
def test_where_the_arms_are_alike_e_is_1_on_average_whatever_happens_over_time(
    share: float, rates: list[float], mean: float, effect: float
) -> None:
    contrast = Contrast(margin=0.0, side="above", mean=mean, effect=effect)
    assert expected_e(contrast, share, [(rate, rate) for rate in rates]) == pytest.approx(1.0, rel=1e-9)


@given(SHARES, RATES, RATES, st.sampled_from(["above", "below"]))
@settings(max_examples=60, deadline=None)
def test_at_the_margin_e_is_1_on_average(share: float, first: float, second: float, side: Any) -> None:
    contrast = Contrast(margin=0.999 * (second - first), side=side, mean=0.2, effect=0.1)
    drift = expected_e(contrast, share, [(first, first + 0.999 * (second - first))] * 3)
    assert drift == pytest.approx(1.0, rel=1e-9)


@given(SHARES, RATES, st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_inside_the_hypothesis_e_is_below_1_on_average(share: float, rate: float, factor: float) -> None:
    contrast = Contrast(margin=0.05, side="above", mean=0.3, effect=0.1)
    assert expected_e(contrast, share, [(rate, factor * rate)] * 3) <= 1.0 + 1e-9


def test_values_that_vary_less_than_0_and_1_do_tell_more_when_that_was_expected() -> None:
    split = {0.5: Arms(Sums(500.0, 100.0, 30.0), Sums(500.0, 125.0, 40.0))}
    crude = Contrast(margin=0.0, side="above", mean=0.2, effect=0.05)
    assert replace(crude, spread=0.1).log_e(split) > crude.log_e(split) + 3.0


@given(
    SHARES, st.lists(st.tuples(st.booleans(), RATES), max_size=30), st.sampled_from([0.05, 0.3, 1.0]),
    st.floats(-0.2, 0.2), st.sampled_from(["above", "below"]),
)  # fmt: skip
@example(0.5, [(False, 1.0 - 2.0**-53)], 0.05, 0.0, "above")
@settings(max_examples=100, deadline=None)
def test_sums_of_bounded_values_never_claim_more_than_the_bets_won(
    share: float, seen: list[tuple[bool, float]], spread: float, margin: float, side: Any
) -> None:
    contrast = Contrast(margin=margin, side=side, mean=0.3, effect=0.1, known=1.0, spread=spread)
    bet = best_bet(share, margin, 0.3, margin + (0.085 if side == "above" else -0.1), spread)
    won = 0.0
    for in_b, value in seen:
        base, slope = bet.line(bet.b if in_b else bet.a)
        won += np.log1p(base + slope * value)
    a, b = (np.array([value for in_b, value in seen if in_b == arm]) for arm in (False, True))
    split = {share: Arms(Sums.of(a), Sums.of(b))}
    assert contrast.log_e(split) <= won + 1e-4 * (1 + abs(won))


def drawn(rng: Any, rates: tuple[float, float], share: float, looks: int, sims: int) -> Any:
    """Draw simulated rollouts, 100 requests between looks; give each look's split."""
    sums = np.zeros((4, sims))
    for _ in range(looks):
        n_b = rng.binomial(100, share, sims)
        sums += (100 - n_b, rng.binomial(100 - n_b, rates[0]), n_b, rng.binomial(n_b, rates[1]))
        yield {share: Arms(Sums.hits(sums[0], sums[1]), Sums.hits(sums[2], sums[3]))}


def reached(contrast: Contrast, rates: tuple[float, float], share: float, sims: int = 1000) -> float:
    """Give the share of rollouts whose e-value reached the bar at one of 150 looks."""
    most = np.full(sims, -np.inf)
    for split in drawn(np.random.default_rng(0), rates, share, 150, sims):
        most = np.maximum(most, contrast.log_e(split))
    return float(np.mean(most >= -np.log(ALPHA)))


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_looking_150_times_raises_no_more_false_alarms_than_stated(side: Any, share: float) -> None:
    contrast = Contrast(margin=0.0, side=side, mean=0.1, effect=0.05)
    assert reached(contrast, (0.1, 0.1), share) <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 1000) ** 0.5


def test_a_worse_arm_is_found() -> None:
    assert reached(WORSE, (0.1, 0.15), 0.2) > 0.95


def test_shares_are_kept_apart_so_that_a_changed_weight_makes_no_difference_that_is_not_there() -> None:
    # Errors rise from 1% to 20% as the candidate's share rises from 1% to 50%; the arms are alike throughout.
    split = {
        0.01: Arms(Sums.hits(99_000, 990), Sums.hits(1000, 10)),
        0.5: Arms(Sums.hits(1000, 200), Sums.hits(1000, 200)),
    }
    assert 200 / 2000 + 0.05 < 210 / 2000 + 0.06  # put together, 10.5% against 1.2%
    assert Contrast(margin=0.0, side="above", mean=0.01, effect=0.01).e(split) < 1.0


def test_the_interval_covers_the_difference_at_every_look() -> None:
    contrast, sims = Contrast(margin=0.0, side="above", mean=0.2, effect=0.1), 20
    missed = np.zeros(sims, dtype=bool)
    for split in list(drawn(np.random.default_rng(1), (0.2, 0.3), 0.5, 30, sims))[9::10]:
        [arms] = split.values()
        for i in range(sims):
            one = {0.5: Arms(arms.a.at(i), arms.b.at(i))}
            low, high = interval(contrast, one, ALPHA)
            missed[i] |= not low <= 0.1 <= high
    assert missed.sum() <= 3  # 20 · 0.05 and two standard errors


def test_the_interval_tightens_round_the_estimate() -> None:
    small = {0.5: Arms(Sums.hits(500, 100), Sums.hits(500, 150))}
    large = {0.5: Arms(Sums.hits(50_000, 10_000), Sums.hits(50_000, 15_000))}
    contrast = Contrast(margin=0.0, side="above", mean=0.2, effect=0.1)
    wide, narrow = interval(contrast, small, ALPHA), interval(contrast, large, ALPHA)
    assert wide[0] < narrow[0] < 0.1 < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] < 0.03
    assert interval(contrast, {}, ALPHA) == (-1.0, 1.0)


def test_what_is_still_needed_is_what_it_takes() -> None:
    needed = WORSE.needed({}, 0.2, ALPHA)
    found = reached(replace(WORSE, known=1.0), (0.1, 0.15), 0.2)
    assert 1000 < needed < 15_000
    assert found > 0.5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"margin": 1.5}, "the margin is 1.5"),
        ({"effect": 0.0}, "the effect is 0.0"),
        ({"mean": -0.1}, "mean and known are -0.1"),
        ({"known": 0.0}, "known are 0.1 and 0.0"),
        ({"spread": 0.0}, "the spread is 0.0"),
    ],
)
def test_what_cannot_be_tested_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        replace(WORSE, **wrong)


def test_an_arm_without_traffic_cannot_be_compared() -> None:
    with pytest.raises(Invalid, match=r"the share of the arm is 1\.0"):
        WORSE.log_e({1.0: Arms(Sums.hits(0, 0), Sums.hits(10, 1))})
