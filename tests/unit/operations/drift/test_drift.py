"""Rows against a version's baseline: verdicts, learning, answers, and what is wrong with rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

import hythe
from hythe.base.errors import Invalid, Unsupported
from hythe.bundle.bundle import Bundle
from hythe.bundle.manifest import MANIFEST, Manifest
from hythe.operations.drift.drift import Drifted, drift
from hythe.operations.drift.options import DriftOptions
from hythe.registry.registry import Registry
from hythe.testing.fake_clock import FakeClock

HOUR = 3600
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())


def frame(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"age": rng.normal(40 + shift, 5, rows), "visits": rng.poisson(3, rows) * 1.0})


def truth(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.where(rows["age"] > 40, "old", "young")


def hours(many: int, rows: int, swing: float = 0.0) -> pd.DataFrame:
    """Rows of some hours; each hour has a mean of its own, by `swing` standard deviations."""
    means = 5 * swing * np.random.default_rng(99).normal(size=many)
    parts = [frame(rows, 100 + hour, means[hour]).assign(at=START + HOUR * hour) for hour in range(many)]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift") / "home"
    rows = frame(4000, 0)
    model = LogisticRegression().fit(rows, truth(rows))
    hythe.pack(model, "people", examples=rows, targets=truth(rows), home=folder)
    return folder


@pytest.fixture(scope="module")
def registry(home: Path) -> Any:
    found = Registry.open(home)
    yield found
    found.close()


def examined(registry: Registry, rows: pd.DataFrame, **options: Any) -> Drifted:
    return drift(registry, "people", rows, DriftOptions(**options), clock=FakeClock())


def subjects(found: Drifted) -> set[str]:
    return {finding.subject for report in found.reports for finding in report.alarms}


def test_rows_like_the_reference_raise_no_alarm(registry: Registry) -> None:
    found = examined(registry, frame(3000, 1), predict=True)
    assert (found.alarms, found.rows) == (0, 3000)
    checked = {finding.subject for finding in found.reports[0].findings}
    assert {"feature:age", "output:label", "output:probabilities[old]"} <= checked


def logged(rows: pd.DataFrame, untold: dict[int, list[str]]) -> pd.DataFrame:
    """Make rows look as those of a prediction log do."""
    names: list[Any] = [untold.get(place, []) for place in range(len(rows))]
    return rows.assign(hythe_untold=names, hythe_inference_s=1e-4)


def test_what_a_prediction_log_does_not_hold_is_not_taken_for_missing(registry: Registry) -> None:
    rows = frame(3000, 1)
    lost = {place: ["age"] for place in range(1000)}
    rows.loc[[*lost], "age"] = np.nan
    found = examined(registry, logged(rows, lost))
    assert (found.alarms, found.reports[0].rows) == (0, 2000)
    without = examined(registry, logged(rows, {}).drop(columns="age"))
    assert without.alarms == 0
    assert not any("age" in finding.subject for finding in without.reports[0].findings)
    assert "feature:age" in subjects(examined(registry, rows))


def test_rows_that_moved_alarm_and_so_do_their_answers(registry: Registry) -> None:
    found = examined(registry, frame(3000, 1, shift=2.0), predict=True)
    assert {"feature:age", "output:label", "output:probabilities[old]"} <= subjects(found)
    assert "feature:visits" not in subjects(found)


def test_answers_in_columns_are_examined_as_those_asked_for(registry: Registry, home: Path) -> None:
    rows = frame(2000, 1, shift=2.0)
    asked = examined(registry, rows, predict=True)
    answers = hythe.load("people", home=home).predict(rows)
    named = rows.assign(label=answers["label"])
    for place, name in enumerate(("old", "young")):
        named[f"probabilities[{name}]"] = answers["probabilities"][:, place]
    told = examined(registry, named)
    assert told.reports == asked.reports
    assert "answers were read from the columns label" in told.notes[0]


def test_a_column_named_as_one_output_alone_is_not_taken_for_it(registry: Registry) -> None:
    rows = frame(500, 1).assign(label="old")
    assert not any("output" in finding.subject for finding in examined(registry, rows).reports[0].findings)
    named = examined(registry, rows, outputs={"label": "label"})
    assert "output:label" in subjects(named)


def test_hours_that_differ_by_themselves_alarm_until_that_is_learned(registry: Registry) -> None:
    rows = hours(72, 150, swing=0.6)
    naive = examined(registry, rows, timestamp="at")
    learned = examined(registry, rows, timestamp="at", learning_days=2)
    assert sum(1 for report in naive.reports if report.alarms) > 20
    assert len(learned.reports) == 24
    assert learned.alarms == 0
    other = examined(registry, rows.iloc[48 * 150 :], timestamp="at", learn_from=rows.iloc[: 48 * 150])
    assert other.reports == learned.reports


def test_a_period_of_few_rows_is_not_tested(registry: Registry) -> None:
    rows = pd.concat([hours(1, 300), hours(2, 20).tail(20)])
    first, second = examined(registry, rows, timestamp="at").reports
    assert first.findings
    assert not second.findings
    assert second.notes[0].startswith("too_little: 20 rows")


def test_rows_of_the_future_and_without_a_time_are_told(registry: Registry) -> None:
    rows = hours(2, 200).astype({"at": float})
    rows.loc[:9, "at"] = np.nan
    clock = FakeClock(datetime.fromtimestamp(START + 100, UTC))
    found = drift(registry, "people", rows, DriftOptions(timestamp="at"), clock=clock)
    assert found.notes[0] == "10 rows have no time in 'at', and are in no period"
    assert found.notes[1].startswith("200 rows are of 1 period yet to begin")
    assert (found.rows, len(found.reports)) == (400, 2)


def test_the_rows_of_a_file_without_the_column_of_times_are_in_no_period(
    registry: Registry, tmp_path: Path
) -> None:
    hours(1, 300).to_parquet(tmp_path / "a.parquet")
    frame(200, 2).to_parquet(tmp_path / "b.parquet")
    found = drift(registry, "people", tmp_path, DriftOptions(timestamp="at"), clock=FakeClock())
    assert [report.rows for report in found.reports] == [300]
    assert found.notes[0] == "200 rows have no time in 'at', and are in no period"


def test_a_file_without_the_column_of_targets_adds_nothing_to_how_right_answers_are(
    registry: Registry, tmp_path: Path
) -> None:
    rows = frame(300, 1)
    rows.assign(truth=truth(rows)).to_parquet(tmp_path / "a.parquet")
    frame(200, 2).to_parquet(tmp_path / "b.parquet")
    found = drift(registry, "people", tmp_path, DriftOptions(predict=True, target="truth"))
    [accuracy] = [each for each in found.findings if each.check == "accuracy" and each.kind == "performance"]
    assert (accuracy.n, found.reports[0].rows) == (300, 500)


def test_one_feature_of_several_that_are_paired_is_examined_alone(registry: Registry) -> None:
    found = examined(registry, frame(2000, 1, shift=2.0), features=("age",))
    assert {finding.subject for finding in found.reports[0].findings} == {"feature:age"}
    assert subjects(found) == {"feature:age"}
    assert not [note for note in found.reports[0].notes if "failed" in note]
    with pytest.raises(Invalid, match="'height' is no feature of people"):
        examined(registry, frame(10, 1), features=("height",))


def test_a_column_that_is_missing_renamed_or_empty_is_a_finding(registry: Registry) -> None:
    renamed = examined(registry, frame(500, 1).rename(columns={"visits": "visit"}))
    assert "renamed_column" in {finding.check for finding in renamed.findings}
    assert "feature:visits" in subjects(renamed)
    empty = examined(registry, frame(500, 1).assign(age=np.nan))
    assert "feature:age" in subjects(empty)


def test_what_is_ignored_alarms_nowhere(registry: Registry) -> None:
    rows = frame(1000, 1, shift=5.0).rename(columns={"visits": "visit"})
    found = examined(registry, rows, ignore=("age", "visits", "correlation", "unknown_column"))
    assert found.alarms == 0


def test_rows_that_do_not_fit_are_left_out_of_what_is_asked(registry: Registry) -> None:
    rows = frame(300, 1)
    rows.loc[[3, 77, 200], "visits"] = np.nan
    found = examined(registry, rows, predict=True)
    [label] = [
        each
        for each in found.reports[0].findings
        if (each.subject, each.check) == ("output:label", "distribution")
    ]
    assert label.n == 297


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (frame(0, 1), {}, "holds no rows; give at least one"),
        (frame(3, 1).assign(at=None), {"timestamp": "at"}, "holds no rows with a time"),
        (pd.DataFrame({"height": [1.0]}), {}, "has none of the columns that people:1.0.0 reads"),
        (hours(3, 200), {"timestamp": "at", "learning_days": 1}, "7 are needed"),
        (frame(3, 1), {"learning_days": 1}, "name a column of times"),
        (frame(3, 1), {"target": "age"}, "let the version give them with predict"),
        (frame(3, 1), {"target": "truth", "predict": True}, "there is no column .truth."),
    ],
)
def test_what_cannot_be_examined_is_said(
    registry: Registry, rows: pd.DataFrame, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        examined(registry, rows, **options)


def test_a_bundle_without_a_baseline_is_to_be_packed_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    real = Bundle.read

    def older(self: Bundle, path: str) -> bytes:
        raw = real(self, path)
        if path != MANIFEST:
            return raw
        return msgspec.structs.replace(Manifest.decode(raw), baseline="").encode()

    monkeypatch.setattr(Bundle, "read", older)
    with pytest.raises(Unsupported, match="pack it again"):
        examined(registry, frame(10, 1))


def test_the_python_api_takes_tables_and_writes_the_page(home: Path, tmp_path: Path) -> None:
    rows = pa.Table.from_pandas(frame(1000, 1, shift=3.0), preserve_index=False)
    found = hythe.drift("people", rows, report=tmp_path / "drift.html", home=home)
    assert found.alarms
    assert "feature:age" in (tmp_path / "drift.html").read_text()


def test_with_targets_it_is_told_how_right_the_answers_are(registry: Registry) -> None:
    rows = frame(2000, 1)
    right = examined(registry, rows.assign(truth=truth(rows)), predict=True, target="truth")
    [accuracy] = [each for each in right.findings if each.check == "accuracy" and each.kind == "performance"]
    assert accuracy.value is not None
    assert accuracy.value > 0.95
    assert [report.alpha for report in right.reports] == [0.005]
    swapped = np.where(truth(rows) == "old", "young", "old")
    wrong = examined(registry, rows.assign(truth=swapped), predict=True, target="truth")
    assert "performance" in {each.kind for each in wrong.findings if each.verdict == "alarm"}


def test_text_files_are_answered_as_tables_are(registry: Registry, tmp_path: Path) -> None:
    rows = frame(400, 1)
    rows = rows.assign(truth=truth(rows))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    options = DriftOptions(predict=True, target="truth")
    text = drift(registry, "people", str(tmp_path / "rows.csv"), options)
    assert text.reports == examined(registry, rows, predict=True, target="truth").reports
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    lines[7] = lines[7].replace(lines[7].split(",")[0], "n/a?")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    [report] = drift(registry, "people", str(tmp_path / "rows.csv"), options).reports
    assert {each.n for each in report.findings if each.subject == "output:label"} == {399}
