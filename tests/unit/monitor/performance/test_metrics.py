"""Metrics agree with scikit-learn's, and their intervals cover what they say they cover."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from hythe.monitor.finding import Finding
from hythe.monitor.performance.labelled import LabelledClasses, LabelledNumbers, first_of_units
from hythe.monitor.performance.measured import Measured, Undefined
from hythe.monitor.performance.metrics import measure
from hythe.monitor.performance.ranking import roc_auc
from hythe.monitor.performance.rates import accuracy, f1
from hythe.monitor.performance.reliability import curve_of
from hythe.monitor.rule import Rule

RANDOM = np.random.default_rng(5)


def drawn(rows: int, classes: int = 2, seed: int = 0, **options: Any) -> LabelledClasses:
    """Draw truth from scores that are right; answers are the likeliest class."""
    random = np.random.default_rng(seed)
    scores = random.dirichlet(np.ones(classes), rows)
    truth = (scores.cumsum(axis=1) < random.random(rows)[:, None]).sum(axis=1)
    return LabelledClasses(
        classes=tuple("abcdefg"[:classes]),
        answers=scores.argmax(axis=1),
        truth=truth.astype(np.intp),
        scores=scores,
        **options,
    )


def by_name(rows: LabelledClasses | LabelledNumbers) -> dict[str, Any]:
    return {each.name: each for each in measure(rows)}


def test_metrics_of_two_classes_are_those_of_scikit_learn() -> None:
    rows = drawn(400)
    assert rows.scores is not None
    found = by_name(rows)
    told = {name: each.value for name, each in found.items()}
    assert told["accuracy"] == pytest.approx(sk.accuracy_score(rows.truth, rows.answers))
    assert told["precision"] == pytest.approx(sk.precision_score(rows.truth, rows.answers))
    assert told["recall"] == pytest.approx(sk.recall_score(rows.truth, rows.answers))
    assert told["f1"] == pytest.approx(sk.f1_score(rows.truth, rows.answers))
    assert told["roc_auc"] == pytest.approx(sk.roc_auc_score(rows.truth, rows.scores[:, 1]))
    assert told["log_loss"] == pytest.approx(sk.log_loss(rows.truth, rows.scores))
    assert told["brier"] == pytest.approx(sk.brier_score_loss(rows.truth, rows.scores[:, 1]))


def test_metrics_of_several_classes_are_scikit_learns_macro_averages() -> None:
    rows = drawn(500, classes=4, seed=1)
    assert rows.scores is not None
    told = {name: each.value for name, each in by_name(rows).items()}
    assert told["precision"] == pytest.approx(sk.precision_score(rows.truth, rows.answers, average="macro"))
    assert told["recall"] == pytest.approx(sk.recall_score(rows.truth, rows.answers, average="macro"))
    assert told["f1"] == pytest.approx(sk.f1_score(rows.truth, rows.answers, average="macro"))
    assert told["roc_auc"] == pytest.approx(
        sk.roc_auc_score(rows.truth, rows.scores, multi_class="ovr", average="macro")
    )
    assert told["log_loss"] == pytest.approx(sk.log_loss(rows.truth, rows.scores))


def test_metrics_of_numbers_are_those_of_scikit_learn() -> None:
    answers = RANDOM.normal(size=300)
    truth = answers + RANDOM.exponential(size=300)
    told = {name: each.value for name, each in by_name(LabelledNumbers(answers=answers, truth=truth)).items()}
    assert told["mae"] == pytest.approx(sk.mean_absolute_error(truth, answers))
    assert told["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, answers))
    assert told["bias"] == pytest.approx(np.mean(truth - answers))


def test_the_error_of_an_auc_is_delongs() -> None:
    rows = drawn(120, seed=3)
    assert rows.scores is not None
    scores, true = np.round(rows.scores[:, 1], 1), rows.truth == 1
    tied = LabelledClasses(
        classes=("a", "b"), answers=rows.answers, truth=rows.truth,
        scores=np.column_stack([1 - scores, scores]),
    )  # fmt: skip
    pairs = (scores[true][:, None] > scores[~true]) + 0.5 * (scores[true][:, None] == scores[~true])
    variance = pairs.mean(axis=1).var(ddof=1) / true.sum() + pairs.mean(axis=0).var(ddof=1) / (~true).sum()
    found = roc_auc(tied)
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(pairs.mean())
    assert found.error == pytest.approx(np.sqrt(variance))


def test_the_interval_of_a_plain_rate_is_clopper_and_pearsons() -> None:
    rows = drawn(50, seed=2)
    hits = int((rows.answers == rows.truth).sum())
    low, high = accuracy(rows).interval(0.9)
    exact = stats.binomtest(hits, 50).proportion_ci(0.9, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_rows_repeated_within_their_unit_tell_no_more_than_once(seed: int) -> None:
    once = drawn(40, seed=seed)
    alike = drawn(40, seed=seed, units=np.arange(40))
    repeated = alike.take(np.repeat(np.arange(40), 7))
    for name, found in by_name(repeated).items():
        if name == "calibration_error":
            continue
        plain = by_name(once)[name]
        if isinstance(plain, Undefined):
            assert isinstance(found, Undefined)
            continue
        assert found.value == pytest.approx(plain.value)
        if plain.error > 0:
            assert found.error == pytest.approx(plain.error, rel=0.05)


@pytest.mark.parametrize("name", ["accuracy", "precision", "f1", "roc_auc", "brier"])
def test_intervals_cover_the_metric_of_a_large_population(name: str) -> None:
    wide = by_name(drawn(200_000, seed=99))[name].value
    inside = 0
    for seed in range(200):
        low, high = by_name(drawn(150, seed=1000 + seed))[name].interval(0.95)
        inside += low <= wide <= high
    assert inside >= stats.binom.ppf(0.001, 200, 0.95)


def test_intervals_by_key_cover_where_rows_of_a_key_are_alike() -> None:
    inside = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        right = np.repeat(random.random(60) < 0.8, 10)
        rows = LabelledClasses(
            classes=("a", "b"), answers=np.ones(600, dtype=np.intp), truth=right.astype(np.intp),
            units=np.repeat(np.arange(60), 10),
        )  # fmt: skip
        low, high = accuracy(rows).interval(0.95)
        inside += low <= 0.8 <= high
    assert inside >= stats.binom.ppf(0.001, 200, 0.95)


def test_the_calibration_error_of_right_scores_is_what_chance_makes() -> None:
    found = [by_name(drawn(300, seed=seed))["calibration_error"].value for seed in range(100)]
    # The mean of |rate - score| of a bin is that of a half-normal variable (Bröcker 2012).
    curves = [curve_of(drawn(300, seed=seed)) for seed in range(100)]
    gaps = [[np.sqrt(2 * b.n * b.score * (1 - b.score) / np.pi) for b in bins if b.n] for bins in curves]
    expected = np.mean([sum(each) / 300 for each in gaps])
    assert np.mean(found) == pytest.approx(expected, rel=0.15)
    assert all(
        by_name(drawn(300, seed=seed))["calibration_error"].interval(0.999)[0] == 0 for seed in range(20)
    )


def test_one_class_alone_has_no_auc_and_says_why() -> None:
    rows = drawn(30).take(np.arange(30))
    only = LabelledClasses(
        classes=("no", "yes"), answers=rows.answers, truth=np.zeros(30, dtype=np.intp), scores=rows.scores
    )
    found = by_name(only)
    assert isinstance(found["roc_auc"], Undefined)
    assert "nothing to rank it against" in found["roc_auc"].reason
    assert found["accuracy"].n == 30


def test_scores_that_are_no_distribution_are_left_out() -> None:
    rows = drawn(20)
    assert rows.scores is not None
    scores = rows.scores.copy()
    scores[0] = np.inf
    scores[1] = np.nan
    broken = LabelledClasses(classes=rows.classes, answers=rows.answers, truth=rows.truth, scores=scores)
    found = by_name(broken)
    assert (found["accuracy"].n, found["brier"].n, found["roc_auc"].n) == (20, 18, 18)


def test_an_unknown_class_is_a_wrong_answer_with_the_greatest_loss() -> None:
    rows = LabelledClasses(
        classes=("a", "b"), answers=np.array([0, 1]), truth=np.array([-1, 1]),
        scores=np.array([[1.0, 0.0], [0.0, 1.0]]),
    )  # fmt: skip
    found = by_name(rows)
    assert found["accuracy"].value == 0.5
    assert found["log_loss"].value == pytest.approx(36.04 / 2, abs=0.01)
    assert found["brier"].value == 0.5


def test_infinite_answers_leave_metrics_of_numbers_finite_or_undefined() -> None:
    rows = LabelledNumbers(answers=np.array([1.0, np.inf, np.nan]), truth=np.array([2.0, 1.0, 1.0]))
    assert by_name(rows)["mae"].value == 1.0
    nothing = LabelledNumbers(answers=np.array([np.inf]), truth=np.array([1.0]))
    assert all(isinstance(each, Undefined) for each in measure(nothing))


def test_f1_turns_the_interval_of_the_share_of_right_ones() -> None:
    rows = drawn(80, seed=7)
    found = f1(rows)
    assert isinstance(found, Measured)
    both = int(((rows.answers == 1) & (rows.truth == 1)).sum())
    either = int(((rows.answers == 1) | (rows.truth == 1)).sum())
    exact = stats.binomtest(both, either).proportion_ci(0.95, method="exact")
    low, high = found.interval(0.95)
    assert low == pytest.approx(2 * exact.low / (1 + exact.low))
    assert high == pytest.approx(2 * exact.high / (1 + exact.high))


def test_a_single_row_proves_nothing_and_its_interval_can_be_written() -> None:
    found = by_name(LabelledNumbers(answers=np.zeros(1), truth=np.ones(1)))["mae"]
    finding = Finding(kind="performance", check="mae", subject="answers", verdict="ok", message="")
    low, high = found.interval(0.95)
    written = msgspec.json.encode(msgspec.structs.replace(finding, value=1.0, low=low, high=high))
    read = msgspec.json.decode(written, type=Finding)
    assert not Rule(name="near", above=0.5).holds(read)
    assert not Rule(name="far", below=5.0).holds(read)


def test_the_first_row_of_each_unit_is_chosen() -> None:
    assert first_of_units(None, 3).tolist() == [0, 1, 2]
    assert first_of_units(np.array([2, 0, 2, 1]), 4).tolist() == [0, 1, 3]
