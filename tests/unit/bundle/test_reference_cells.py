"""What a baseline keeps of targets, so that performance can be estimated where there are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.boosted import TREES, boost
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.loss_model import learn
from hythe.bundle.outcome import Outcome
from hythe.bundle.reference_cells import MOST_FEATURES, kept_features
from hythe.bundle.schema import Output
from hythe.bundle.truth import MOST_CLASSES

RANDOM = np.random.default_rng(3)
SCORES = np.round(RANDOM.random(2000), 2)
TRUTH = np.where(RANDOM.random(2000) < SCORES, "yes", "no")
LABELS = np.where(SCORES > 0.3, "yes", "no")
OUTPUTS = [
    Output("label", "str", classes=("no", "yes")),
    Output("probabilities", "float64", (2,), classes=("no", "yes")),
]


def classified(order: Any = slice(None)) -> Baseline:
    scores = SCORES[order]
    frame = pd.DataFrame({"x": scores})
    outcome = Outcome.answered(
        {"label": LABELS[order].astype(object), "probabilities": np.column_stack([1 - scores, scores])}
    )
    return compute(to_rows(frame), infer(frame, outputs=OUTPUTS), outcome, targets=TRUTH[order])


def regressed(order: Any = slice(None)) -> Baseline:
    random = np.random.default_rng(4)
    frame = pd.DataFrame({"x": random.random(3000), "kind": random.choice(["a", "b", "c"], 3000)})
    answers = frame["x"].to_numpy() * 10
    noise = np.where(frame["kind"] == "b", 5.0, 1.0) * (1 + (frame["x"] > 0.5))
    targets = answers + noise * random.normal(size=3000)
    picked = frame.iloc[order] if not isinstance(order, slice) else frame
    schema = infer(frame, outputs=[Output("value", "float64")])
    outcome = Outcome.answered({"value": answers[order]})
    return compute(to_rows(picked.reset_index(drop=True)), schema, outcome, targets=targets[order])


def test_score_cells_count_the_confusion_of_each_class_as_it_was_answered() -> None:
    _, yes = classified().score_cells
    assert sum(yes.tp) == int(((LABELS == "yes") & (TRUTH == "yes")).sum())
    assert sum(yes.fp) == int(((LABELS == "yes") & (TRUTH == "no")).sum())
    assert sum(yes.fn) == int(((LABELS == "no") & (TRUTH == "yes")).sum())
    assert sum(yes.tn) == int(((LABELS == "no") & (TRUTH == "no")).sum())


def test_score_cells_add_up_to_the_losses_of_the_baseline() -> None:
    baseline = classified()
    assert baseline.calibration is not None
    no, yes = baseline.score_cells
    assert (sum(no.log_loss) + sum(yes.log_loss)) / 2000 == pytest.approx(baseline.calibration.log_loss)  # type: ignore[union-attr]
    assert sum(yes.squares) / 2000 == pytest.approx(baseline.calibration.brier_score)  # type: ignore[union-attr]


@pytest.mark.parametrize("made", [classified, regressed])
def test_the_order_of_the_rows_changes_no_byte(made: Any) -> None:
    rows = 2000 if made is classified else 3000
    order = np.random.default_rng(0).permutation(rows)
    assert made(order).encode() == made().encode()


@pytest.mark.parametrize("made", [classified, regressed])
def test_what_was_kept_is_read_as_it_was_written(made: Any) -> None:
    assert Baseline.decode(made().encode()) == made()


def test_a_loss_model_knows_where_errors_are_large() -> None:
    model = regressed().loss_model
    assert model is not None
    assert [each.name for each in model.subjects] == ["output:value", "feature:x", "feature:kind"]
    kinds = model.subjects[2].order
    assert len(kinds) == 5
    frame = {
        "feature:kind": np.array([1, 2, 3]),
        "feature:x": np.array([10, 10, 10]),
        "output:value": np.array([10, 10, 10]),
    }
    expected = np.sort(model.absolute.predict(model.codes(frame, 3)))
    # The mean of |N(0, s²)| is s√(2/π): two kinds have s = 1, one has s = 5.
    assert expected[:2] == pytest.approx([0.8, 0.8], rel=0.35)
    assert expected[2] == pytest.approx(4.0, rel=0.35)


def test_boosted_trees_explain_an_interaction_that_no_sum_of_effects_can() -> None:
    codes = RANDOM.integers(0, 8, (4000, 3)).astype(np.uint8)
    wanted = np.where((codes[:, 0] > 3) ^ (codes[:, 1] > 3), 10.0, 1.0)
    found = boost(codes, wanted)
    assert len(found.trees) == TREES
    assert np.abs(found.predict(codes) - wanted).mean() < 0.05


def test_nothing_is_learned_from_too_few_rows_or_from_no_errors() -> None:
    cells = {"feature:x": (np.zeros(99, dtype=np.intp), 4)}
    assert learn(cells, np.ones(99)) is None
    cells = {"feature:x": (np.zeros(200, dtype=np.intp), 4)}
    assert learn(cells, np.zeros(200)) is None
    assert learn(cells, np.full(200, 1e200)) is None


def test_a_baseline_without_targets_keeps_nothing_of_it() -> None:
    frame = pd.DataFrame({"x": SCORES})
    plain = compute(to_rows(frame), infer(frame), Outcome.answered({"value": SCORES}))
    assert (plain.score_cells, plain.loss_model) == ((), None)
    assert b"loss_model" not in plain.encode()


def test_a_wide_models_errors_are_learned_from_the_features_that_are_kept() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": random.random(300) for place in range(MOST_FEATURES + 20)})
    answers = random.random(300)
    outcome = Outcome.answered({"value": answers})
    schema = infer(frame, outputs=[Output("value", "float64")])
    baseline = compute(to_rows(frame), schema, outcome, targets=answers + random.normal(size=300))
    kept = {f"feature:{name}" for name in kept_features(baseline.features, None)}
    assert len(kept) == MOST_FEATURES
    assert baseline.loss_model is not None
    assert {each.name for each in baseline.loss_model.subjects} <= {*kept, "output:value"}


def test_of_more_classes_than_are_kept_no_cells_are_kept() -> None:
    random = np.random.default_rng(0)
    names = tuple(f"c{place:02}" for place in range(MOST_CLASSES + 1))
    scores = random.dirichlet(np.ones(len(names)), 200)
    frame = pd.DataFrame({"x": random.random(200)})
    outputs = [Output("probabilities", "float64", (len(names),), classes=names)]
    targets = np.array(names)[scores.argmax(axis=1)]
    outcome = Outcome.answered({"probabilities": scores})
    baseline = compute(to_rows(frame), infer(frame, outputs=outputs), outcome, targets=targets)
    assert baseline.score_cells == ()
