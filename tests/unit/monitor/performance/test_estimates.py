"""Estimates without labels are near what labels show while outcomes hang on scores as they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.reference_cells import feature_cells
from hythe.bundle.schema import Output, Schema
from hythe.monitor.drift.normal import Normal
from hythe.monitor.finding import Finding
from hythe.monitor.performance.confidence import estimate_classes
from hythe.monitor.performance.estimates import Estimates
from hythe.monitor.performance.expected_loss import estimate_numbers
from hythe.monitor.performance.labelled import LabelledClasses
from hythe.monitor.performance.measured import Estimate, Measured
from hythe.monitor.performance.metrics import measure
from hythe.monitor.performance.rates_by_cell import rates_by_cell
from hythe.monitor.performance.reference import reference_metrics
from hythe.monitor.performance.shifted import moved_down
from hythe.monitor.period import Candidate, Period
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.places import places

CLASSES = ("a", "b", "c")


def drawn(rows: int, seed: int, sharp: float, classes: int = 2) -> LabelledClasses:
    """Draw rows whose scores are too sure of themselves; the smaller `sharp`, the nearer they are to 0 and 1.

    Outcomes hang on scores in one way, whatever `sharp` is.
    """
    random = np.random.default_rng(seed)
    scores = random.dirichlet(np.full(classes, sharp), rows)
    true = 0.7 * scores + 0.3 / classes
    truth = (true.cumsum(axis=1) < random.random(rows)[:, None]).sum(axis=1).astype(np.intp)
    answers = scores.argmax(axis=1)
    return LabelledClasses(classes=CLASSES[:classes], answers=answers, truth=truth, scores=scores)


def packed(rows: LabelledClasses) -> tuple[Baseline, Schema]:
    assert rows.scores is not None
    frame = pd.DataFrame({"x": rows.scores[:, 0]})
    shape = (len(rows.classes),)
    outputs = [
        Output("label", "str", classes=rows.classes),
        Output("probabilities", "float64", shape, classes=rows.classes),
    ]
    named = np.array(rows.classes, dtype=object)
    schema = infer(frame, outputs=outputs)
    outcome = Outcome.answered({"label": named[rows.answers], "probabilities": rows.scores})
    return compute(to_rows(frame), schema, outcome, targets=named[rows.truth].astype(str)), schema


def counted(baseline: Baseline, rows: LabelledClasses) -> dict[str, Any]:
    assert rows.scores is not None
    found = {}
    for place, name in enumerate(rows.classes):
        bins = baseline.outputs[f"probabilities[{name}]"].counts.bins
        cells = places(bins, rows.scores[:, place])
        found[f"probabilities[{name}]"] = np.bincount(cells, minlength=bins.cells).tolist()
    return found


def estimated(baseline: Baseline, rows: LabelledClasses) -> Estimate:
    found = estimate_classes(rates_by_cell(baseline), counted(baseline, rows))
    assert found is not None
    return found


def values(found: Any) -> dict[str, float]:
    return {each.name: each.value for each in found if isinstance(each, Measured)}


@pytest.mark.parametrize("classes", [2, 3])
def test_on_the_reference_itself_the_estimate_is_what_was_realised(classes: int) -> None:
    rows = drawn(3000, 0, 1.0, classes)
    baseline, _ = packed(rows)
    realised, told = values(measure(rows)), values(estimated(baseline, rows).metrics)
    for name in ("accuracy", "precision", "recall", "f1", "log_loss", "brier"):
        assert told[name] == pytest.approx(realised[name]), name
    # Rows of one cell are taken for ties.
    assert told["roc_auc"] == pytest.approx(realised["roc_auc"], abs=0.003)


@pytest.mark.parametrize("classes", [2, 3])
def test_drifted_scores_are_followed_and_intervals_cover_what_labels_show(classes: int) -> None:
    names = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier")
    inside = dict.fromkeys(names, 0)
    baseline, _ = packed(drawn(20_000, 0, 1.0, classes))
    for seed in range(60):
        rows = drawn(500, 100 + seed, 0.6, classes)
        realised = values(measure(rows))
        for each in estimated(baseline, rows).metrics:
            low, high = each.interval(0.95)
            inside[each.name] += low <= realised[each.name] <= high
    assert all(times >= 50 for times in inside.values()), inside
    before, after = (
        reference_metrics(baseline)["accuracy"],
        values(estimated(baseline, rows).metrics)["accuracy"],
    )
    assert after > before + 0.03


def test_a_concept_that_drifts_is_not_seen() -> None:
    baseline, _ = packed(drawn(5000, 0, 1.0))
    rows = drawn(2000, 1, 1.0)
    turned = LabelledClasses(
        classes=rows.classes, answers=rows.answers, truth=1 - rows.truth, scores=rows.scores
    )
    assert values(estimated(baseline, turned).metrics)["accuracy"] > 0.6
    assert values(measure(turned))["accuracy"] < 0.4


def test_a_baseline_of_an_older_bundle_estimates_from_its_ten_bins() -> None:
    rows = drawn(20_000, 0, 1.0)
    baseline, _ = packed(rows)
    import msgspec

    older = msgspec.structs.replace(baseline, score_cells=())
    new, old = (values(estimated(each, drawn(2000, 5, 0.7)).metrics) for each in (baseline, older))
    for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier"):
        assert old[name] == pytest.approx(new[name], abs=0.03), name


def test_scores_where_the_reference_had_none_are_told() -> None:
    rows = drawn(2000, 0, 50.0)
    baseline, _ = packed(rows)
    assert estimated(baseline, drawn(500, 1, 0.1)).unknown > 0.5
    assert estimated(baseline, drawn(500, 1, 50.0)).unknown < 0.05


def test_a_window_without_answers_has_no_estimate() -> None:
    baseline, _ = packed(drawn(500, 0, 1.0))
    empty = {name: [0] * len(cells) for name, cells in counted(baseline, drawn(5, 0, 1.0)).items()}
    assert estimate_classes(rates_by_cell(baseline), empty) is None
    assert estimate_classes([], {}) is None


def test_the_check_gives_estimates_with_what_they_take_for_granted() -> None:
    baseline, schema = packed(drawn(2000, 0, 1.0))
    outputs = {name: Tally(tuple(cells)) for name, cells in counted(baseline, drawn(300, 1, 1.0)).items()}
    window = Window("e", "1.0.0", 0, 3600, outputs=outputs)
    every = list(Estimates().look(Period(window=window, baseline=baseline, schema=schema)))
    assert {each.kind for each in every} == {"estimate"}
    found = [each for each in every if isinstance(each, Finding)]
    assert all("no concept drift" in each.message and each.details["assumes"] for each in found)
    assert all(each.verdict == "ok" and each.n == 300 for each in found)
    [accuracy] = [each for each in every if isinstance(each, Candidate)]
    assert (accuracy.check, accuracy.p_value > 0.001) == ("accuracy", True)


def test_windows_of_the_baselines_own_kind_are_estimated_worse_no_more_often_than_stated() -> None:
    found = []
    for seed in range(300):
        rows = drawn(1000, 2 * seed, 1.0)
        baseline, _ = packed(rows)
        counts = counted(baseline, drawn(300, 2 * seed + 1, 1.0))["probabilities[b]"]
        rates = rates_by_cell(baseline)[-1]
        found.append(moved_down(rates.shares[0] + rates.shares[3], np.array(counts, dtype=float), rates.rows))
    for level in (0.01, 0.05, 0.2):
        assert sum(p <= level for p in found) <= stats.binom.isf(1e-6, 300, level)


def test_scores_that_moved_to_where_answers_are_less_often_right_are_found() -> None:
    baseline, schema = packed(drawn(5000, 0, 1.0))
    outputs = {name: Tally(tuple(cells)) for name, cells in counted(baseline, drawn(1000, 1, 3.0)).items()}
    window = Window("e", "1.0.0", 0, 3600, outputs=outputs)
    every = Estimates().look(Period(window=window, baseline=baseline, schema=schema))
    [accuracy] = [each for each in every if isinstance(each, Candidate)]
    assert accuracy.p_value < 1e-9
    normal = Normal(period_s=3600, start=0, windows=9)
    learned = Estimates().look(Period(window=window, baseline=baseline, schema=schema, normal=normal))
    assert not [each for each in learned if isinstance(each, Candidate)]


def regressor(rows: int, seed: int, low: float = 0.0) -> tuple[pd.DataFrame, Any, Any]:
    """Draw rows whose errors grow with x, in one way wherever x lies."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": low + (1 - low) * random.random(rows), "z": random.random(rows)})
    answers = frame["z"].to_numpy() * 100
    return frame, answers, answers + (1 + 9 * frame["x"].to_numpy()) * random.normal(size=rows)


def estimate_rows(baseline: Baseline, schema: Schema, frame: pd.DataFrame, answers: Any) -> Estimate:
    cells = {
        name: found for name, (found, _) in feature_cells(to_rows(frame), schema, baseline.features).items()
    }
    cells["output:value"] = places(baseline.outputs["value"].counts.bins, answers)
    reference = {f"feature:{name}": np.array(s.counts.cells) for name, s in baseline.features.items()}
    reference["output:value"] = np.array(baseline.outputs["value"].counts.cells)
    assert baseline.loss_model is not None
    found = estimate_numbers(baseline.loss_model, cells, reference)
    assert found is not None
    return found


def test_larger_errors_of_numbers_are_expected_where_rows_drift_to_where_they_were_large() -> None:
    frame, answers, targets = regressor(8000, 0)
    schema = infer(frame, outputs=[Output("value", "float64")])
    baseline = compute(to_rows(frame), schema, Outcome.answered({"value": answers}), targets=targets)
    inside = {"mae": 0, "rmse": 0}
    for seed in range(30):
        now, told, truth = regressor(400, 100 + seed, low=0.6)
        found = {each.name: each for each in estimate_rows(baseline, schema, now, told).metrics}
        realised = {
            "mae": sk.mean_absolute_error(truth, told),
            "rmse": sk.root_mean_squared_error(truth, told),
        }
        for name, value in realised.items():
            low, high = found[name].interval(0.95)
            inside[name] += low <= value <= high
    before = reference_metrics(baseline)["mae"]
    assert found["mae"].value > 1.3 * before
    assert all(times >= 25 for times in inside.values()), inside


def test_no_rows_have_no_estimate_of_errors() -> None:
    frame, answers, targets = regressor(500, 0)
    schema = infer(frame, outputs=[Output("value", "float64")])
    model = compute(to_rows(frame), schema, Outcome.answered({"value": answers}), targets=targets).loss_model
    assert model is not None
    assert estimate_numbers(model, {}, {}) is None
