"""What a guard says of its data, against algebra and simulation."""

import math
from typing import Any

import numpy as np
import pytest

from hythe.base.errors import Invalid
from hythe.rollout.basis import basis_of_durations, basis_of_values
from hythe.rollout.evaluate import evaluate, split_mismatch
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.guard_data import Durations, GuardData
from hythe.rollout.judging.compared import GUESSED
from hythe.rollout.judging.timed import merged
from hythe.rollout.state import Basis
from hythe.statistics.evidence.contrast import Contrast
from hythe.statistics.evidence.sums import Arms, Sums

ALPHA = 0.05
BOUNDS = [1e-6 * 10 ** (place / 20) for place in range(181)]
ERRORS, LATENCY, ACCURACY = Guard("error_rate"), Guard("latency_p99"), Guard("accuracy")


def asked(guard: Guard, data: GuardData, basis: Basis | None = None, **given: Any) -> GuardReport:
    chosen = {"alpha_worse": ALPHA, "alpha_fine": ALPHA, **given}
    return evaluate(guard, data, basis=basis or Basis(mean=0.02), **chosen)


def rates(n_a: int, hits_a: int, n_b: int, hits_b: int, share: float = 0.5) -> GuardData:
    return GuardData(split={share: Arms(Sums.hits(n_a, hits_a), Sums.hits(n_b, hits_b))}, share=share)


def lognormal(n: int, median_s: float, seed: int) -> Durations:
    values = median_s * np.exp(0.5 * np.random.default_rng(seed).standard_normal(n))
    places, counts = np.unique(np.searchsorted(BOUNDS, values), return_counts=True)
    return Durations(n, dict(zip(places.tolist(), counts.tolist(), strict=True)))


def timed(n: int, slower: float, share: float = 0.5) -> GuardData:
    pair = lognormal(n, 0.010, 1), lognormal(n, 0.010 * slower, 2)
    return GuardData(durations={share: pair}, bounds=BOUNDS, share=share)


@pytest.mark.parametrize(
    ("guard", "data"),
    [
        (ERRORS, GuardData()),
        (ERRORS, GuardData(split={0.5: Arms(Sums.hits(0, 0), Sums.hits(0, 0))}, share=0.5)),
        (ERRORS, rates(5000, 0, 0, 0)),
        (LATENCY, GuardData(bounds=BOUNDS)),
        (LATENCY, GuardData(durations={0.1: (lognormal(5000, 0.01, 1), Durations(0, {}))}, bounds=BOUNDS)),
        (Guard("disagreement"), GuardData()),
        (Guard("shadow_errors"), GuardData(copies=Sums.hits(0, 0))),
        (Guard("prediction"), GuardData()),
    ],
    ids=["nothing", "no unit", "champion only", "no durations", "champion's durations only", "no copies",
         "no copy", "no predictions"],
)  # fmt: skip
def test_without_data_of_the_candidate_a_guard_waits(guard: Guard, data: GuardData) -> None:
    report = asked(guard, data)
    assert report.verdict == "waiting"
    assert report.note.startswith("no data")
    assert report.difference is None


def test_a_candidate_that_fails_more_is_worse() -> None:
    report = asked(ERRORS, rates(4000, 80, 4000, 200))
    assert report.verdict == "worse"
    assert [report.champion, report.candidate] == pytest.approx([0.02, 0.05])
    assert report.difference == pytest.approx(0.03)
    assert report.low is not None
    assert report.high is not None
    assert 0.0 < report.low < 0.03 < report.high < 0.06
    assert report.needed == 0


def test_a_candidate_that_fails_as_often_is_fine_once_there_are_enough() -> None:
    few, many = asked(ERRORS, rates(400, 8, 400, 8)), asked(ERRORS, rates(9000, 180, 9000, 180))
    assert (few.verdict, many.verdict) == ("waiting", "fine")
    assert few.needed is not None
    assert 2000 < few.needed + 800 < 18_000
    assert f"about {few.needed} more" in few.note


def test_a_wider_margin_is_excluded_sooner() -> None:
    data = rates(9500, 190, 500, 10, share=0.05)
    assert asked(ERRORS, data).verdict == "waiting"
    assert asked(ERRORS, data, margin=0.1).verdict == "fine"


def test_worse_counts_before_fine() -> None:
    report = asked(ERRORS, rates(400_000, 8000, 400_000, 9200))
    assert report.log_e_fine > -math.log(ALPHA)
    assert report.verdict == "worse"


def test_a_guard_without_a_part_of_alpha_never_goes_back() -> None:
    assert asked(ERRORS, rates(4000, 80, 4000, 400), alpha_worse=0.0).verdict == "waiting"


def test_fewer_right_labels_are_worse_and_told_in_the_metrics_own_unit() -> None:
    report = asked(ACCURACY, rates(4000, 3600, 4000, 3200), Basis(mean=0.9))
    assert report.verdict == "worse"
    assert [report.champion, report.candidate] == pytest.approx([0.9, 0.8])
    assert report.difference == pytest.approx(0.1)
    assert asked(ACCURACY, rates(4000, 3200, 4000, 3600), Basis(mean=0.9)).verdict == "fine"


def test_a_mirrored_metric_has_the_evidence_of_its_mirror_image() -> None:
    right = asked(Guard("accuracy", margin=0.01), rates(4000, 3900, 1000, 960, 0.2), Basis(mean=0.98))
    wrong = asked(ERRORS, rates(4000, 100, 1000, 40, 0.2), Basis(mean=0.02))
    assert right.log_e_worse == pytest.approx(wrong.log_e_worse)
    assert right.log_e_fine == pytest.approx(wrong.log_e_fine)


def test_a_value_with_a_range_is_told_in_its_own_unit() -> None:
    guard = Guard("value:revenue", range=(0.0, 50.0))
    values = [Sums(4000.0, 1200.0, 450.0), Sums(4000.0, 1000.0, 350.0)]
    report = asked(guard, GuardData(split={0.5: Arms(*values)}, share=0.5), Basis(mean=0.3, spread=0.1))
    assert report.verdict == "worse"
    assert [report.champion, report.candidate] == pytest.approx([15.0, 12.5])
    assert report.difference == pytest.approx(2.5)
    assert report.low is not None
    assert 0.0 < report.low < 2.5


@pytest.mark.parametrize(("mean_b", "verdict"), [(0.5, "fine"), (0.62, "worse"), (0.38, "worse")])
def test_predictions_may_move_neither_way(mean_b: float, verdict: str) -> None:
    n, variance = 3000.0, 0.02
    sums = [Sums(n, n * mean, n * (mean**2 + variance)) for mean in (0.5, mean_b)]
    report = asked(
        Guard("prediction"), GuardData(split={0.5: Arms(*sums)}, share=0.5), Basis(mean=0.5, spread=0.08)
    )
    assert report.verdict == verdict
    assert report.difference == pytest.approx(mean_b - 0.5)


@pytest.mark.parametrize(("slower", "verdict"), [(1.0, "fine"), (2.0, "worse"), (0.5, "fine")])
def test_a_slower_candidate_is_worse_and_an_equal_one_fine(slower: float, verdict: str) -> None:
    basis = basis_of_durations(LATENCY, lognormal(20_000, 0.010, 0), BOUNDS)
    report = asked(LATENCY, timed(20_000, slower), basis)
    assert report.verdict == verdict
    p99 = 0.010 * math.exp(0.5 * 2.326348)
    assert report.champion == pytest.approx(p99, rel=0.06)
    assert report.candidate == pytest.approx(p99 * slower, rel=0.06)
    assert report.low is not None
    assert report.high is not None
    assert report.low <= slower - 1.0 <= report.high


def test_a_quantile_that_is_beyond_the_margin_is_never_fine_whatever_its_old_bound_says() -> None:
    basis = basis_of_durations(LATENCY, lognormal(20_000, 0.010, 3), BOUNDS)
    busy, odd = lognormal(9000, 0.050, 1), merged([lognormal(900, 0.010, 2), lognormal(100, 1.0, 4)])
    data = GuardData(durations={0.1: (busy, odd)}, bounds=BOUNDS, share=0.1)
    report = asked(LATENCY, data, basis)
    assert report.log_e_fine > 10
    assert report.difference is not None
    assert report.difference > 2
    assert report.verdict == "waiting"
    assert report.needed is None


def test_units_that_were_never_answered_are_neither_fast_nor_slow_but_count() -> None:
    basis = basis_of_durations(LATENCY, lognormal(20_000, 0.010, 0), BOUNDS)
    a, b = lognormal(5000, 0.010, 1), lognormal(5000, 0.010, 2)
    failing = GuardData(durations={0.5: (a, b._replace(n=9000))}, bounds=BOUNDS, share=0.5)
    assert asked(LATENCY, failing, basis).verdict != "worse"
    assert asked(LATENCY, failing, basis).n_candidate == 9000


def test_the_candidates_bound_is_the_margin_further_in_whole_buckets() -> None:
    # 26% are two buckets of 12.2%: what is between the bound and there is the candidate's to use.
    def data(place: int) -> GuardData:
        pair = Durations(10_000, {100: 9900, 101: 100}), Durations(10_000, {100: 9900, place: 100})
        return GuardData(durations={0.5: pair}, bounds=BOUNDS, share=0.5)

    basis = Basis(mean=0.01, bound=100)
    assert asked(LATENCY, data(102), basis).log_e_fine > 20.0
    assert asked(LATENCY, data(103), basis).log_e_fine < 0.0


def test_a_shadow_is_judged_against_levels_alone() -> None:
    agrees = asked(Guard("disagreement"), GuardData(copies=Sums(400.0, 8.0, 6.0)))
    differs = asked(Guard("disagreement"), GuardData(copies=Sums(400.0, 80.0, 70.0)))
    waits = asked(Guard("disagreement"), GuardData(copies=Sums(30.0, 1.0, 1.0)))
    assert (agrees.verdict, differs.verdict, waits.verdict) == ("fine", "worse", "waiting")
    assert agrees.difference == pytest.approx(0.02)
    assert agrees.champion is None
    assert waits.needed is not None
    as_many = Sums(*(value * (1 + waits.needed / 30) for value in (30.0, 1.0, 1.0)))
    assert asked(Guard("disagreement"), GuardData(copies=as_many)).verdict == "fine"


def test_what_is_needed_is_unknown_where_the_data_speak_against_it() -> None:
    assert asked(ERRORS, rates(300, 3, 300, 12)).needed is None
    assert asked(Guard("disagreement"), GuardData(copies=Sums(50.0, 6.0, 6.0))).needed is None
    champion, median = Durations(10, {80: 5, 81: 5}), Guard("latency_p50")
    for candidate, known in ((Durations(10, {80: 2, 90: 8}), False), (champion, True)):
        data = GuardData(durations={0.5: (champion, candidate)}, bounds=BOUNDS, share=0.5)
        assert (asked(median, data, Basis(mean=0.5, bound=80)).needed is not None) is known
    assert asked(ERRORS, GuardData(split=rates(400, 8, 400, 8).split)).needed is None  # no share at present


def test_an_effect_that_is_known_is_found_sooner() -> None:
    data = rates(3000, 60, 3000, 100)
    known = Guard("error_rate", effect=0.013)
    assert asked(known, data).log_e_worse > asked(ERRORS, data).log_e_worse


def test_a_margin_of_zero_asks_whether_the_candidate_is_better() -> None:
    better, equal = rates(6000, 600, 6000, 400), rates(6000, 600, 6000, 600)
    assert asked(ERRORS, better, Basis(mean=0.1), margin=0.0).verdict == "fine"
    assert asked(ERRORS, equal, Basis(mean=0.1), margin=0.0).verdict == "waiting"


def test_the_evidence_is_the_contrasts() -> None:
    data = rates(900, 20, 100, 5, share=0.1)
    contrast = Contrast(margin=0.0, side="above", mean=0.02, effect=0.01, known=GUESSED)
    assert asked(ERRORS, data).log_e_worse == pytest.approx(float(contrast.log_e(data.split)))


def test_a_split_that_is_not_the_plans_is_noticed_at_any_share() -> None:
    split = {
        0.1: Arms(Sums.hits(9000, 0), Sums.hits(1000, 0)),
        0.5: Arms(Sums.hits(5000, 0), Sums.hits(5000, 0)),
    }
    assert split_mismatch(split) < 0.0
    assert split_mismatch({**split, 0.5: Arms(Sums.hits(5400, 0), Sums.hits(4600, 0))}) > math.log(1000)


def test_the_basis_is_what_the_champion_did_before() -> None:
    before = basis_of_values(Sums(1000.0, 300.0, 111.0), since=7)
    assert before.mean == pytest.approx(0.3, abs=0.001)
    assert before.spread == pytest.approx(0.021 / 0.21, abs=0.002)
    assert before.since == 7
    assert basis_of_values(Sums.hits(1000, 0)).mean == pytest.approx(0.5 / 1001)
    assert basis_of_values(Sums.hits(0, 0)).mean == 0.5


def test_the_bound_of_a_quantile_is_the_end_of_its_bucket() -> None:
    basis = basis_of_durations(LATENCY, lognormal(50_000, 0.010, 0), BOUNDS)
    p99 = 0.010 * math.exp(0.5 * 2.326348)
    assert BOUNDS[basis.bound - 1] < p99 <= BOUNDS[basis.bound]
    # One bucket is 0.23 standard deviations; so far out in the tail of a normal that takes about half.
    assert 0.4 < basis.decay < 0.6
    assert basis_of_durations(LATENCY, Durations(0, {}), BOUNDS).mean == pytest.approx(0.01)


def test_a_margin_narrower_than_a_bucket_is_refused() -> None:
    with pytest.raises(Invalid, match=r"margin is 0\.1; durations are counted in buckets"):
        Guard("latency_p99", margin=0.1)
