from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, r2_score

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.frames import to_native, to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows, count, take
from hythe.bundle.schema import Output, Schema
from hythe.bundle.truth import Calibration, Residuals
from hythe.statistics.bins import NumberBins, ValueBins, hashed

RANDOM = np.random.default_rng(11)
IRIS = load_iris(as_frame=True)
CLASSES = ("setosa", "versicolor", "virginica")
TRUTH = np.array(CLASSES)[IRIS.target.to_numpy()]
FOREST = RandomForestClassifier(n_estimators=5, max_depth=2, random_state=0).fit(IRIS.data, TRUTH)
SCHEMA = infer(
    IRIS.data,
    outputs=[
        Output("label", "str", classes=CLASSES),
        Output("probabilities", "float64", (3,), classes=CLASSES),
    ],
)


def forest(rows: Rows) -> Outcome:
    frame = to_native(rows, SCHEMA)
    return Outcome.answered({"label": FOREST.predict(frame), "probabilities": FOREST.predict_proba(frame)})


ROWS = to_rows(IRIS.data)
OUTCOME = forest(ROWS)


def plain(frame: pd.DataFrame, **options: Any) -> tuple[Rows, Schema, Outcome]:
    """Give a table with the outcome of a model that answers zero."""
    rows = to_rows(frame)
    return rows, infer(frame, **options), Outcome.answered({"value": np.zeros(count(rows))})


def test_a_number_feature_has_quantile_bins_counts_and_moments() -> None:
    summary = compute(ROWS, SCHEMA, OUTCOME).features["sepal length (cm)"]
    column = IRIS.data["sepal length (cm)"]
    assert isinstance(summary.counts.bins, NumberBins)
    assert summary.counts.total == 150
    assert summary.moments is not None
    assert summary.moments.mean == pytest.approx(column.mean())
    assert summary.moments.variance == pytest.approx(column.var())
    assert summary.moments.skewness == pytest.approx(column.skew() * 148 / np.sqrt(150 * 149))
    inside = np.histogram(column, [*summary.counts.bins.lefts, np.inf])[0]
    assert list(summary.counts.cells[3:-1]) == inside.tolist()


def test_a_text_feature_counts_its_top_values() -> None:
    frame = pd.DataFrame({"plan": ["gold"] * 3 + ["tin"] * 2 + [None], "on": [True, False] * 3})
    features = compute(*plain(frame)).features
    assert features["plan"].counts.bins == ValueBins(("gold", "tin"))
    assert features["plan"].counts.cells == (1, 3, 2, 0)
    assert features["on"].counts.cells == (0, 3, 3, 0)


def test_nan_is_missing_where_the_original_was_given_nan_for_missing() -> None:
    numpy_backed = compute(*plain(pd.DataFrame({"x": [1.0, np.nan]}))).features["x"]
    assert numpy_backed.counts.cells[:2] == (1, 0)
    rows, schema, outcome = plain(pd.DataFrame({"x": [1.0, 2.0]}))
    arrow = pa.table({"x": pa.array([np.nan, None], from_pandas=False)})
    told = compute(arrow, schema.replacing("x", null="none"), outcome).features["x"]
    assert told.counts.cells[:2] == (1, 1)
    assert count(rows) == 2


def test_timestamps_are_counted_in_seconds() -> None:
    times = pd.date_range("2020-01-01", periods=5, freq="h").astype("datetime64[ns]")
    summary = compute(*plain(pd.DataFrame({"t": times}))).features["t"]
    assert summary.moments is not None
    assert summary.moments.minimum == pd.Timestamp("2020-01-01").timestamp()
    assert summary.moments.maximum == pd.Timestamp("2020-01-01 04:00").timestamp()


def test_outputs_are_summarised_by_label_and_by_class() -> None:
    outputs = compute(ROWS, SCHEMA, OUTCOME).outputs
    assert list(outputs) == [
        "label", "probabilities[setosa]", "probabilities[versicolor]", "probabilities[virginica]",
    ]  # fmt: skip
    counted = pd.Series(OUTCOME.answers["label"]).value_counts()
    bins = outputs["label"].counts.bins
    assert isinstance(bins, ValueBins)
    assert [counted[name] for name in bins.known] == list(outputs["label"].counts.cells[1:-1])
    virginica = outputs["probabilities[virginica]"].moments
    assert virginica is not None
    assert virginica.mean == pytest.approx(OUTCOME.answers["probabilities"][:, 2].mean())


def test_refused_rows_have_no_part_in_the_outputs() -> None:
    refused = np.arange(150) < 50
    baseline = compute(ROWS, SCHEMA, Outcome(OUTCOME.answers, refused), targets=TRUTH)
    assert baseline.refused == 50
    assert baseline.outputs["label"].counts.total == 100
    assert baseline.features["petal width (cm)"].counts.total == 150
    assert isinstance(baseline.calibration, Calibration)
    assert baseline.calibration.rows == 100


def test_correlations_are_those_of_pandas() -> None:
    correlations = compute(ROWS, SCHEMA, OUTCOME).correlations
    assert correlations is not None
    for told, method in ((correlations.pearson, "pearson"), (correlations.spearman, "spearman")):
        said = IRIS.data.corr(method=method).to_numpy()
        flat = [cell for row in told for cell in row]
        assert flat == pytest.approx([said[i, j] for i in range(4) for j in range(i)])


def test_calibration_agrees_with_scikit_learn() -> None:
    calibration = compute(ROWS, SCHEMA, OUTCOME, targets=TRUTH).calibration
    scores = OUTCOME.answers["probabilities"]
    assert isinstance(calibration, Calibration)
    assert calibration.log_loss == pytest.approx(log_loss(TRUTH, scores, labels=list(CLASSES)))
    assert calibration.brier_score == pytest.approx(brier_score_loss(TRUTH, scores, scale_by_half=False))
    assert calibration.accuracy == pytest.approx(accuracy_score(TRUTH, OUTCOME.answers["label"]))
    assert [item.name for item in calibration.classes] == list(CLASSES)


def test_targets_of_a_class_never_seen_are_left_out() -> None:
    targets = TRUTH.astype(object).copy()
    targets[:3] = "rosa"
    calibration = compute(ROWS, SCHEMA, OUTCOME, targets=targets).calibration
    assert isinstance(calibration, Calibration)
    assert calibration.rows == 147


def test_residuals_agree_with_scikit_learn_and_skip_missing_targets() -> None:
    data, target = load_diabetes(as_frame=True, return_X_y=True)
    model = LinearRegression().fit(data, target)
    outcome = Outcome.answered({"value": model.predict(data)})
    given = target.to_numpy().astype(float).copy()
    given[0] = np.nan
    found = compute(to_rows(data), infer(data, outputs=[Output("value", "float64")]), outcome, targets=given)
    assert isinstance(found.calibration, Residuals)
    assert found.calibration.rows == len(target) - 1
    answers = outcome.answers["value"][1:]
    assert found.calibration.r2 == pytest.approx(r2_score(given[1:], answers))
    assert found.calibration.bias == pytest.approx(np.mean(given[1:] - answers))
    assert found.calibration.quantiles["0.5"] == pytest.approx(np.median(given[1:] - answers))


def test_importances_rank_features_as_scikit_learn_does() -> None:
    found = compute(ROWS, SCHEMA, OUTCOME, targets=TRUTH, predict=forest).importances
    assert found is not None
    assert (found.rows, found.output) == (150, "probabilities")
    said = permutation_importance(
        FOREST, IRIS.data, TRUTH, scoring="neg_log_loss", n_repeats=20, random_state=0
    )
    names = list(IRIS.data.columns)
    best = names[int(np.argmax(said.importances_mean))]
    assert max(found.loss, key=lambda name: found.loss[name]) == best
    assert max(found.change, key=lambda name: found.change[name]) == best
    for name, rise, spread in zip(names, said.importances_mean, said.importances_std, strict=True):
        assert found.loss[name] == pytest.approx(rise, abs=4 * spread + 1e-9)


def test_a_feature_that_the_model_ignores_has_no_importance() -> None:
    frame = pd.DataFrame({"used": RANDOM.normal(size=100), "idle": RANDOM.normal(size=100)})
    schema = infer(frame, outputs=[Output("value", "float64")])

    def double(rows: Rows) -> Outcome:
        return Outcome.answered({"value": 2 * to_native(rows, schema)["used"].to_numpy()})

    rows = to_rows(frame)
    found = compute(rows, schema, double(rows), predict=double).importances
    assert found is not None
    assert found.change["idle"] == 0.0
    assert 0.9 < found.change["used"] < 1.4  # two independent normals differ by 2/√π standard deviations
    assert found.loss == {}


def test_importances_stay_within_their_budget_of_rows() -> None:
    asked: list[int] = []

    def counting(rows: Rows) -> Outcome:
        asked.append(count(rows))
        return Outcome.answered({"value": np.zeros(count(rows))})

    frame = pd.DataFrame(RANDOM.normal(size=(600, 30)), columns=[f"x{i}" for i in range(30)])
    rows = to_rows(frame)
    found = compute(rows, infer(frame), counting(rows), predict=counting).importances
    assert found is not None
    assert len(found.change) == 30
    assert sum(asked[1:]) <= 10_000
    assert max(asked[1:]) <= 2_000


def test_rows_refused_when_shuffled_are_left_out() -> None:
    def picky(rows: Rows) -> Outcome:
        x = to_native(rows, schema)["a"].to_numpy()
        return Outcome({"value": x}, x > 50)

    frame = pd.DataFrame({"a": np.arange(100.0), "b": np.arange(100.0)})
    schema = infer(frame)
    rows = to_rows(frame)
    found = compute(rows, schema, picky(rows), predict=picky).importances
    assert found is not None
    assert found.rows == 51


def test_sensitive_features_are_hashed_and_coarse() -> None:
    ages = RANDOM.uniform(18, 90, 500).round(3)
    frame = pd.DataFrame({"name": ["ana", "bo"] * 250, "age": ages})
    baseline = compute(*plain(frame, sensitive={"name", "age"}))
    names = baseline.features["name"].counts.bins
    assert isinstance(names, ValueBins)
    assert set(names.known) == {hashed("ana", "name"), hashed("bo", "name")}
    assert baseline.features["name"].counts.cells == (0, 250, 250, 0)
    edges = baseline.features["age"].counts.bins
    assert isinstance(edges, NumberBins)
    assert all(edge == round(edge) for edge in edges.lefts)
    assert not set(edges.lefts) & set(ages)
    assert b"ana" not in baseline.encode()
    moments = baseline.features["age"].moments
    assert moments is not None
    assert (moments.minimum, moments.maximum) == (None, None)
    assert baseline.features["age"].counts.cells[2] == baseline.features["age"].counts.cells[-1] == 0


def test_tensors_and_wide_outputs_are_summarised() -> None:
    pixels = {"pixels": RANDOM.random((20, 4, 4)), "word": np.array(["a", "b"] * 10)}
    outcome = Outcome.answered({"embedding": RANDOM.normal(size=(20, 100))})
    baseline = compute(pixels, infer(pixels), outcome)
    assert baseline.features["pixels"].counts.total == 320
    assert baseline.features["word"].counts.total == 20
    assert len(baseline.outputs) == 32
    assert baseline.correlations is None


def test_ragged_tensors_are_counted_by_cell() -> None:
    rows = {"ids": [np.array([1, 2]), np.array([3])]}
    found = compute(to_rows(rows), infer(rows), Outcome.answered({"value": np.zeros(2)}))
    assert found.features["ids"].counts.total == 3


def test_a_baseline_does_not_depend_on_the_order_of_the_rows() -> None:
    order = RANDOM.permutation(150)
    shuffled = Outcome.answered({name: values[order] for name, values in OUTCOME.answers.items()})
    one = compute(ROWS, SCHEMA, OUTCOME, targets=TRUTH)
    other = compute(take(ROWS, order), SCHEMA, shuffled, targets=TRUTH[order])
    assert one.encode() == other.encode()


def test_a_baseline_comes_back_equal_and_in_one_spelling() -> None:
    baseline = compute(ROWS, SCHEMA, OUTCOME, targets=TRUTH, predict=forest)
    raw = baseline.encode()
    assert Baseline.decode(raw) == baseline
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(Corrupt, match="the baseline cannot be read"):
        Baseline.decode(raw[:-1])


def test_answers_that_are_not_finite_make_a_baseline_all_the_same() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, np.inf], "y": [-1e308, 1e308, 1.0]})
    rows, schema, _ = plain(frame)
    outcome = Outcome.answered({"value": np.array([np.nan, 1e308, -1e308])})
    compute(rows, schema, outcome, targets=[1e308, -1e308, 0.0], predict=lambda _: outcome).encode()


def test_as_many_targets_as_rows_are_needed() -> None:
    with pytest.raises(Invalid, match="there are 2 targets for 150 rows; give one for each row"):
        compute(ROWS, SCHEMA, OUTCOME, targets=["setosa", "virginica"])


@pytest.mark.parametrize("wrap", [list, pd.Series, pa.array, lambda t: pa.chunked_array([pa.array(t)])])
def test_targets_may_be_lists_series_or_arrow_columns(wrap: Any) -> None:
    targets = wrap(TRUTH.tolist())
    assert compute(ROWS, SCHEMA, OUTCOME, targets=targets) == compute(ROWS, SCHEMA, OUTCOME, targets=TRUTH)
