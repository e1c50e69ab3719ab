"""Labels that come in a period become findings of the version that answered."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.outcome import Outcome
from hythe.bundle.reference_cells import feature_cells
from hythe.bundle.schema import Column, Output, Schema
from hythe.monitor.finding import Finding
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling
from hythe.monitor.outcomes.join import Join
from hythe.monitor.outcomes.row_cells import kept_features, written
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.feedback.match import match
from hythe.operations.feedback.records import feedback_records
from hythe.operations.monitoring.performance import LEAST_LABELS, Performance, VersionPeriod
from hythe.operations.windows import stored_join
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, JoinRecord

HOUR = 3600
NS = 10**9
COLUMNS = (Column("x", "float64"), Column("plan", "string"))
CLASSES = ("no", "yes")
CLASSIFIER = Schema(
    COLUMNS,
    (Output("label", "str", classes=CLASSES), Output("probabilities", "float64", (2,), classes=CLASSES)),
)
REGRESSOR = Schema(COLUMNS, (Output("value", "float64"),))
POLICY = MonitorPolicy(segments=("plan", "colour"))
PERIOD = VersionPeriod("e", "1.0.0", 10 * HOUR, HOUR)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"))
    yield made
    made.close()


class Rows:
    """Rows of a model that errs more on the plan `tin`, with what came true."""

    def __init__(self, n: int, seed: int, *, wrong: float = 0.0) -> None:
        random = np.random.default_rng(seed)
        self.table = pa.table(
            {"x": random.random(n), "plan": random.choice(["gold", "tin"], n, p=[0.7, 0.3])}
        )
        x, tin = self.table["x"].to_numpy(), np.array(self.table["plan"].to_pylist()) == "tin"
        chance = np.where(tin, 0.3 + 0.4 * x, x)
        self.scores = np.column_stack([1 - chance, chance])
        true = random.random(n) < chance
        self.outcomes = np.where(true ^ (random.random(n) < wrong), "yes", "no")
        self.labels = np.where(chance > 0.5, "yes", "no")
        self.values = 10 * x
        self.targets = self.values + np.where(tin, 5.0, 1.0) * random.normal(size=n) + wrong * 30

    def classified(self) -> Baseline:
        answers = {"label": self.labels.astype(object), "probabilities": self.scores}
        return compute(self.table, CLASSIFIER, Outcome.answered(answers), targets=self.outcomes)

    def regressed(self) -> Baseline:
        return compute(self.table, REGRESSOR, Outcome.answered({"value": self.values}), targets=self.targets)

    def joins(
        self, baseline: Baseline, at_s: int, *, keys: int = 0, numbers: bool = False
    ) -> list[JoinRecord]:
        found = feature_cells(self.table, CLASSIFIER, baseline.features)
        cells = np.column_stack([found[f"feature:{name}"][0] for name in kept_features(baseline)])
        labels, scores, values = self.labels.tolist(), self.scores.tolist(), self.values.tolist()
        made = []
        for row, cell in enumerate(cells.astype(np.uint8)):
            outputs = {"label": [labels[row]], "probabilities": [scores[row]]}
            join = Join(
                name(row), 0, 1, at_s * NS + row, "e", "1.0.0", 1.0, f"k{row % keys}" if keys else "",
                degraded=False,
                outputs={"value": [values[row]]} if numbers else outputs,
                classes={} if numbers else {"probabilities": list(CLASSES), "label": list(CLASSES)},
                cells=written(cell),
            )  # fmt: skip
            made.append(stored_join(join))
        return made

    def tell(self, catalog: Catalog, at_s: int, *, numbers: bool = False, most: int = 10**6) -> None:
        outcomes = self.targets.tolist() if numbers else self.outcomes.tolist()
        telling = Telling([Expected("any")])
        telling.add([Item(name(row), 0, outcome) for row, outcome in enumerate(outcomes[:most])])
        catalog.feedback.put(feedback_records("e", telling.told, at_s * NS))
        match(catalog, 60.0)


def name(row: int) -> str:
    return f"017f22e2-79b0-7000-8000-{row:012x}"


def deliver(catalog: Catalog, joins: list[JoinRecord]) -> None:
    catalog.observations.store(Delivery("server", 1, 1, {}, joins=tuple(joins)))


def look(
    catalog: Catalog, baseline: Baseline | None, period: VersionPeriod = PERIOD, alpha: float = 1e-4
) -> dict[tuple[str, str, str], Finding]:
    found, _ = Performance(catalog).findings(period, baseline, POLICY, alpha)
    return {(each.kind, each.check, each.subject): each for each in found}


def test_labels_count_in_the_period_in_which_they_were_told_however_old_the_prediction_is(
    catalog: Catalog,
) -> None:
    rows, baseline = Rows(300, 1), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 2 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found = look(catalog, baseline)
    accuracy = found["performance", "accuracy", "answers"]
    assert accuracy.value == pytest.approx((rows.labels == rows.outcomes).mean())
    assert (accuracy.n, accuracy.verdict) == (300, "ok")
    for start in (9 * HOUR, 11 * HOUR):
        assert not look(catalog, baseline, PERIOD._replace(start=start))


def test_a_label_that_is_corrected_stays_in_the_period_of_its_first_telling(catalog: Catalog) -> None:
    rows, baseline = Rows(100, 1), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    rows.outcomes = rows.labels
    rows.tell(catalog, 11 * HOUR + 5)
    assert look(catalog, baseline)["performance", "accuracy", "answers"].value == 1.0
    assert not look(catalog, baseline, PERIOD._replace(start=11 * HOUR))


def test_a_model_that_got_worse_alarms_and_its_estimates_are_said_to_be_off(catalog: Catalog) -> None:
    rows, baseline = Rows(2000, 1, wrong=0.4), Rows(5000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found = look(catalog, baseline)
    assert found["performance", "accuracy", "answers"].verdict == "alarm"
    assert found["performance", "calibration", "answers"].verdict == "alarm"
    gap = found["estimate", "accuracy_gap", "answers"]
    assert gap.value is not None
    assert gap.value < -0.1
    assert gap.details["differs"]
    assert "do not rely on estimates" in gap.message


def test_an_unchanged_model_does_not_alarm_and_its_estimates_hold(catalog: Catalog) -> None:
    rows, baseline = Rows(2000, 1), Rows(5000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found = look(catalog, baseline)
    assert not [each for each in found.values() if each.verdict == "alarm"]
    assert not found["estimate", "accuracy_gap", "answers"].details["differs"]


def test_the_segment_that_fares_worst_is_named(catalog: Catalog) -> None:
    rows, baseline = Rows(1000, 1), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found = look(catalog, baseline)
    tin, gold = (found["performance", "accuracy", f"segment:plan={plan}"] for plan in ("tin", "gold"))
    tins = np.array(rows.table["plan"].to_pylist()) == "tin"
    assert tin.value == pytest.approx((rows.labels == rows.outcomes)[tins].mean())
    assert (tin.n, gold.n) == (tins.sum(), (~tins).sum())
    assert tin.details["worst"]
    assert "the worst segment" in tin.message
    assert not gold.details["worst"]
    _, notes = Performance(catalog).findings(PERIOD, baseline, POLICY, 1e-4)
    assert "performance is not told apart by colour" in notes[0]


def test_rows_of_one_key_widen_the_interval_and_count_once_in_tests(catalog: Catalog) -> None:
    rows, baseline = Rows(1000, 1), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR, keys=40))
    rows.tell(catalog, 10 * HOUR + 5)
    accuracy = look(catalog, baseline)["performance", "accuracy", "answers"]
    assert (accuracy.n, accuracy.details["units"]) == (1000, 40)


def test_the_share_of_predictions_that_have_labels_is_told(catalog: Catalog) -> None:
    rows, baseline = Rows(200, 1), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5, most=50)
    details = look(catalog, baseline)["performance", "accuracy", "answers"].details
    assert (details["predictions"], details["labelled_share"]) == (200, 0.25)


def test_few_labels_are_told_and_not_tested(catalog: Catalog) -> None:
    rows, baseline = Rows(200, 1, wrong=1.0), Rows(3000, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5, most=LEAST_LABELS - 1)
    accuracy = look(catalog, baseline)["performance", "accuracy", "answers"]
    assert (accuracy.verdict, accuracy.p_value) == ("too_little", None)


def test_errors_of_numbers_are_estimated_before_labels_come_and_held_against_them_after(
    catalog: Catalog,
) -> None:
    rows, baseline = Rows(1500, 1), Rows(5000, 0).regressed()
    deliver(catalog, rows.joins(baseline, 10 * HOUR, numbers=True))
    before = look(catalog, baseline)
    assert {kind for kind, _, _ in before} == {"estimate"}
    estimate = before["estimate", "mae", "answers"]
    realised = np.abs(rows.targets - rows.values).mean()
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < realised < estimate.high
    rows.tell(catalog, 10 * HOUR + 5, numbers=True)
    after = look(catalog, baseline)
    assert after["performance", "mae", "answers"].value == pytest.approx(realised)
    assert after["performance", "mae", "answers"].verdict == "ok"
    assert not after["estimate", "mae_gap", "answers"].details["differs"]


def test_numbers_that_are_further_off_than_the_baselines_alarm(catalog: Catalog) -> None:
    rows, baseline = Rows(500, 1, wrong=0.3), Rows(5000, 0).regressed()
    deliver(catalog, rows.joins(baseline, 10 * HOUR, numbers=True))
    rows.tell(catalog, 10 * HOUR + 5, numbers=True)
    found = look(catalog, baseline)
    assert found["performance", "mae", "answers"].verdict == "alarm"
    assert found["performance", "bias", "answers"].value == pytest.approx(9.0, abs=1.0)


def test_business_values_are_told_with_an_interval(catalog: Catalog) -> None:
    rows, baseline = Rows(100, 1), Rows(500, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    telling = Telling([Expected("any")])
    telling.add([Item(name(row), 0, None, {"revenue": float(row)}) for row in range(100)])
    catalog.feedback.put(feedback_records("e", telling.told, 10 * HOUR * NS + 5))
    match(catalog, 60.0)
    revenue = look(catalog, baseline)["performance", "value:revenue", "answers"]
    assert revenue.value == pytest.approx(49.5)
    assert revenue.details["low_95"] < 49.5 < revenue.details["high_95"]


def test_a_version_without_a_baseline_has_metrics_and_no_tests(catalog: Catalog) -> None:
    rows, baseline = Rows(200, 1), Rows(500, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found = look(catalog, None)
    assert found["performance", "roc_auc", "answers"].p_value is None
    assert {kind for kind, _, _ in found} == {"performance"}


def test_without_feedback_a_classifier_has_no_findings_here(catalog: Catalog) -> None:
    deliver(catalog, Rows(200, 1).joins(baseline := Rows(500, 0).classified(), 10 * HOUR))
    assert not look(catalog, baseline)


def test_answers_of_another_bundle_by_that_number_are_left_out(catalog: Catalog) -> None:
    rows, baseline = Rows(200, 1), Rows(500, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    assert not look(catalog, baseline, PERIOD._replace(counts=lambda revision: revision != 0))


def test_a_kept_prediction_that_cannot_be_read_is_left_out_and_counted(catalog: Catalog) -> None:
    rows, baseline = Rows(100, 1), Rows(500, 0).classified()
    [first, second, *rest] = rows.joins(baseline, 10 * HOUR)
    no_text = msgspec.structs.replace(first, document=first.document.replace('"cells":"', '"cells":"é'))
    short = msgspec.structs.replace(
        second, document=second.document.replace('"label":["', '"label":[],"x":["')
    )
    deliver(catalog, [no_text, short, *rest])
    rows.tell(catalog, 10 * HOUR + 5)
    found, notes = Performance(catalog).findings(PERIOD, baseline, POLICY, 1e-4)
    assert "2 kept predictions cannot be read" in notes[0]
    [accuracy] = [each for each in found if (each.check, each.subject) == ("accuracy", "answers")]
    assert accuracy.n == 98


def test_of_very_many_labels_an_even_sample_is_read(catalog: Catalog) -> None:
    rows, baseline = Rows(300, 1), Rows(500, 0).classified()
    deliver(catalog, rows.joins(baseline, 10 * HOUR))
    rows.tell(catalog, 10 * HOUR + 5)
    found, _ = Performance(catalog, most=100).findings(PERIOD, baseline, POLICY, 1e-4)
    [accuracy] = [each for each in found if each.check == "accuracy" and each.subject == "answers"]
    assert accuracy.n == 100
