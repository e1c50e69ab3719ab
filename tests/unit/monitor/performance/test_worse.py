"""P-values of "worse than the baseline" hold where nothing changed, far into the tail, and find what did."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Output
from hythe.bundle.truth import Residuals
from hythe.monitor.performance import worse
from hythe.monitor.performance.labelled import LabelledClasses, LabelledNumbers
from hythe.monitor.performance.worse import (
    independent,
    larger_errors,
    less_accurate,
    other_outcomes,
)
from hythe.statistics.fisher import at_least


def scored(rows: int, seed: int, shift: float = 0.0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    scores = random.beta(2, 2, rows)
    return scores, random.random(rows) < np.clip(scores + shift, 0, 1)


def classifier(rows: int, seed: int) -> Baseline:
    scores, truth = scored(rows, seed)
    frame = pd.DataFrame({"x": scores})
    outputs = [
        Output("label", "str", classes=("no", "yes")),
        Output("probabilities", "float64", (2,), classes=("no", "yes")),
    ]
    outcome = Outcome.answered(
        {
            "label": np.where(scores > 0.5, "yes", "no").astype(object),
            "probabilities": np.column_stack([1 - scores, scores]),
        }
    )
    return compute(
        to_rows(frame), infer(frame, outputs=outputs), outcome, targets=np.where(truth, "yes", "no")
    )


def labelled(rows: int, seed: int, shift: float = 0.0) -> LabelledClasses:
    scores, truth = scored(rows, seed, shift)
    return LabelledClasses(
        classes=("no", "yes"),
        answers=(scores > 0.5).astype(np.intp),
        truth=truth.astype(np.intp),
        scores=np.column_stack([1 - scores, scores]),
    )


def residuals(errors: np.ndarray[Any, Any]) -> Residuals:
    shares = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
    found = np.quantile(errors, shares, method="inverted_cdf")
    quantiles = {str(share): float(value) for share, value in zip(shares, found, strict=True)}
    return Residuals(len(errors), 0.0, 1.0, 1.0, None, quantiles)


def test_the_test_of_wrong_answers_is_fishers() -> None:
    exact = stats.fisher_exact(np.array([[30, 70], [12, 88]]), alternative="greater").pvalue
    assert at_least(30, 100, 30 + 12, 200) == pytest.approx(exact)
    assert at_least(9000, 10_000, 9000 + 1000, 20_000) < 1e-300


def test_exceedances_are_those_of_all_orders_of_few_values() -> None:
    # 5 reference values and 3 new ones: all 56 ways in which they can be ordered.
    counted = 0
    for new in combinations(range(8), 3):
        reference = [place for place in range(8) if place not in new]
        counted += sum(place < reference[1] or place > reference[3] for place in new) >= 2
    assert worse._exceedances(2, 3, 5, 2) == pytest.approx(counted / 56)


@pytest.mark.parametrize("rows", [100, 1000])
def test_no_p_value_of_unchanged_rows_is_small_too_often(rows: int) -> None:
    repeats = 300
    found: dict[str, list[float]] = {"accuracy": [], "calibration": [], "mae": []}
    for seed in range(repeats):
        baseline = classifier(500, 2 * seed)
        now = labelled(rows, 2 * seed + 1)
        found["accuracy"].append(less_accurate(now, baseline) or 1.0)
        found["calibration"].append(other_outcomes(now, baseline) or 1.0)
        random = np.random.default_rng(seed)
        reference, truth = random.standard_t(3, 500), random.standard_t(3, rows)
        found["mae"].append(
            larger_errors(LabelledNumbers(answers=np.zeros(rows), truth=truth), residuals(reference))
        )
    for name, values in found.items():
        for level in (0.01, 0.05, 0.2):
            # One failure in a million runs where P(p <= level) is the level.
            most = stats.binom.isf(1e-6, repeats, level)
            assert sum(p <= level for p in values) <= most, (name, level)


def test_a_model_that_fits_no_more_is_found() -> None:
    baseline = classifier(2000, 0)
    now = labelled(2000, 1)
    wrong = LabelledClasses(
        classes=now.classes, answers=now.answers, truth=np.roll(now.truth, 1), scores=now.scores
    )
    assert (less_accurate(wrong, baseline) or 1) < 1e-12
    assert (other_outcomes(wrong, baseline) or 1) < 1e-12


def test_a_small_shift_of_all_outcomes_is_found_by_all_cells_together() -> None:
    assert (other_outcomes(labelled(4000, 1, shift=-0.08), classifier(4000, 0)) or 1) < 1e-4


def test_larger_errors_and_a_bias_are_found() -> None:
    random = np.random.default_rng(0)
    reference = residuals(random.normal(size=1000))
    for truth in (2 * random.normal(size=500), random.normal(size=500) + 1.5):
        assert larger_errors(LabelledNumbers(answers=np.zeros(500), truth=truth), reference) < 1e-12


def test_one_row_of_each_unit_counts() -> None:
    rows = labelled(6, 0)
    units = np.array([0, 0, 0, 1, 1, 1])
    alike = LabelledClasses(
        classes=rows.classes, answers=rows.answers, truth=rows.truth, scores=rows.scores, units=units
    )
    alone = independent(alike)
    assert isinstance(alone, LabelledClasses)
    assert alone.answers.tolist() == rows.answers[[0, 3]].tolist()


def test_chernoffs_bound_is_above_the_exact_tail() -> None:
    bound = worse._chernoff(np.array([50.0]), np.array([0.3]), np.array([1.0]), 30.0)
    assert stats.binom.sf(29, 50, 0.3) < bound < 20 * stats.binom.sf(29, 50, 0.3)
    assert bound == pytest.approx(math.exp(-50 * (0.6 * math.log(2) + 0.4 * math.log(0.4 / 0.7))), rel=1e-4)
