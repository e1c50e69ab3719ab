"""Rows of files with their targets tell what labels tell online."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.monitor.finding import Finding
from hythe.operations.monitoring.offline_performance import OfflinePerformance

CLASSES = ("no", "yes")
COLUMNS = (Column("x", "float64"), Column("plan", "string"))
CLASSIFIER = Schema(
    COLUMNS,
    (Output("label", "str", classes=CLASSES), Output("probabilities", "float64", (2,), classes=CLASSES)),
)
REGRESSOR = Schema(COLUMNS, (Output("value", "float64"),))


def rows(n: int, seed: int) -> tuple[pa.Table, Outcome, np.ndarray]:
    random = np.random.default_rng(seed)
    table = pa.table({"x": random.random(n), "plan": random.choice(["gold", "tin"], n)})
    scores = table["x"].to_numpy()
    labels = np.where(scores > 0.5, "yes", "no").astype(object)
    outcome = Outcome.answered({"label": labels, "probabilities": np.column_stack([1 - scores, scores])})
    return table, outcome, np.where(random.random(n) < scores, "yes", "no")


def by_name(found: list[Finding]) -> dict[tuple[str, str, str], Finding]:
    return {(each.kind, each.check, each.subject): each for each in found}


def reference(n: int = 4000) -> Baseline:
    table, outcome, targets = rows(n, 0)
    return compute(table, CLASSIFIER, outcome, targets=targets)


def test_batches_together_tell_what_all_rows_tell() -> None:
    gathered = OfflinePerformance(CLASSIFIER, reference(), ["plan"])
    table, outcome, targets = rows(900, 1)
    for start in range(0, 900, 300):
        part = slice(start, start + 300)
        answers = {name: values[part] for name, values in outcome.answers.items()}
        gathered.add(table.slice(start, 300), Outcome.answered(answers), targets[part])
    found = by_name(gathered.findings(1e-4))
    labels = outcome.answers["label"].astype(str)
    assert found["performance", "accuracy", "answers"].value == pytest.approx(
        sk.accuracy_score(targets, labels)
    )
    gold = np.array(table["plan"].to_pylist()) == "gold"
    assert found["performance", "accuracy", "segment:plan=gold"].value == pytest.approx(
        sk.accuracy_score(targets[gold], labels[gold])
    )
    assert not found["estimate", "accuracy_gap", "answers"].details["differs"]
    assert not [each for each in found.values() if each.verdict == "alarm"]


def test_rows_without_a_target_and_refused_rows_are_left_out() -> None:
    gathered = OfflinePerformance(CLASSIFIER, reference())
    table, outcome, targets = rows(200, 1)
    told = targets.astype(object)
    told[:50] = None
    refused = np.zeros(200, dtype=np.bool_)
    refused[50:60] = True
    gathered.add(table, Outcome(outcome.answers, refused), told)
    assert by_name(gathered.findings(1e-4))["performance", "accuracy", "answers"].n == 140


def test_numbers_are_held_against_theirs() -> None:
    random = np.random.default_rng(2)
    table, _, _ = rows(3000, 2)
    answers = table["x"].to_numpy() * 10
    targets = answers + random.normal(size=3000)
    outcome = Outcome.answered({"value": answers})
    baseline = compute(table, REGRESSOR, outcome, targets=targets)
    gathered = OfflinePerformance(REGRESSOR, baseline, ["x"])
    gathered.add(table, outcome, targets + np.where(table["x"].to_numpy() > 0.75, 20.0, 0.0))
    found = by_name(gathered.findings(1e-4))
    assert found["performance", "mae", "answers"].verdict == "alarm"
    assert found["estimate", "mae_gap", "answers"].details["differs"]
    [worst] = [each for each in found.values() if each.details.get("worst")]
    assert "or more" in worst.subject


def test_labels_without_classes_are_compared_as_they_are() -> None:
    schema = Schema(COLUMNS, (Output("label", "str"),))
    table, outcome, targets = rows(300, 1)
    plain = Outcome.answered({"label": outcome.answers["label"]})
    gathered = OfflinePerformance(schema, compute(table, schema, plain))
    gathered.add(table, plain, targets)
    found = by_name(gathered.findings(1e-4))
    expected = sk.accuracy_score(targets, outcome.answers["label"].astype(str))
    assert found["performance", "accuracy", "answers"].value == pytest.approx(expected)


def test_without_rows_there_is_nothing_to_say() -> None:
    assert OfflinePerformance(CLASSIFIER, reference(200)).findings(1e-4) == []


def test_a_pandas_column_may_hold_the_targets() -> None:
    gathered = OfflinePerformance(CLASSIFIER, reference(200))
    table, outcome, targets = rows(100, 1)
    gathered.add(table, outcome, pd.Series(targets))
    assert by_name(gathered.findings(1e-4))["performance", "accuracy", "answers"].n == 100
