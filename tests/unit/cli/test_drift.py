"""`hythe drift`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from tests.unit.cli.conftest import Run

import hythe


def frame(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"age": rng.normal(40 + shift, 5, rows), "visits": rng.poisson(3, rows)})


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    rows = frame(2000, 0)
    model = LinearRegression().fit(rows, rows["age"] + rows["visits"])
    hythe.pack(model, "level", examples=rows, home=folder / "home")
    frame(1000, 1).to_parquet(folder / "alike.parquet")
    frame(1000, 2, shift=4.0).to_parquet(folder / "moved.parquet")
    hours = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.arange(600) // 200, unit="h")
    frame(600, 3).assign(at=hours).to_csv(folder / "hours.csv", index=False)
    return folder


@pytest.fixture
def home(packed: Path) -> Path:
    """Give the home of the fixture `run`."""
    return packed / "home"


def test_rows_alike_raise_no_alarm(run: Run, packed: Path) -> None:
    code, said, _ = run("drift", "level", "--data", str(packed / "alike.parquet"))
    assert code == 0
    assert "1,000 rows" in said
    assert said.splitlines()[-1].startswith("no alarm (where nothing drifts, at most 0.01 periods alarm")


def test_a_shift_alarms_with_exit_code_1_and_says_what_moved(run: Run, packed: Path) -> None:
    code, said, _ = run("drift", "level:1.0.0", "--data", str(packed / "moved.parquet"))
    assert code == 1
    alarms = [line.split()[1:3] for line in said.splitlines() if line.startswith("ALARM")]
    assert ["feature:age", "distribution"] in alarms
    assert {subject for subject, _ in alarms} == {"feature:age"}
    assert "feature:age: age moved" in said
    assert f"{len(alarms)} alarms (" in said.splitlines()[-1]


def test_json_holds_the_reports(run: Run, packed: Path) -> None:
    code, said, _ = run("drift", "level", "--data", str(packed / "moved.parquet"), "--json")
    document = json.loads(said)
    assert code == 1
    assert (document["version"], document["rows"]) == ("level:1.0.0", 1000)
    [report] = document["reports"]
    assert report["alpha"] == 0.01
    alarms = [each for each in report["findings"] if each["verdict"] == "alarm"]
    assert ("drift", "distribution", "feature:age") in [
        (each["kind"], each["check"], each["subject"]) for each in alarms
    ]


def test_periods_are_told_apart_and_share_the_false_alarms(run: Run, packed: Path) -> None:
    words = ("drift", "level", "--data", str(packed / "hours.csv"), "--timestamp", "at", "--period", "1h")
    code, said, _ = run(*words, "--json")
    reports = json.loads(said)["reports"]
    assert code == 0
    assert [(report["period_s"], report["rows"]) for report in reports] == [(3600, 200)] * 3
    assert [report["alpha"] for report in reports] == [pytest.approx(0.01 / 3)] * 3
    assert "2026-03-01 02:00  200   -" in run(*words)[1]


def test_with_predict_the_outputs_are_examined_too(run: Run, packed: Path) -> None:
    moved = str(packed / "moved.parquet")
    assert "output:value" not in run("drift", "level", "--data", moved)[1]
    code, said, _ = run("drift", "level", "--data", moved, "--predict", "--feature", "visits")
    assert code == 1
    assert "ALARM  output:value" in said
    assert "feature:age" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "nowhere.parquet"), "there is no file 'nowhere.parquet'"),
        (("--data", "{alike}", "--feature", "height"), "'height' is no feature of level:1.0.0"),
        (("--data", "{alike}", "--timestamp", "at"), "there is no column 'at'"),
        (("--data", "{alike}", "--period", "soon"), "'soon' is no duration"),
        (("--data", "{alike}", "--false-alarms", "1"), "false_alarms is 1.0"),
        (("--data", "{alike}", "--report", "no/such/folder.html"), "the page cannot be written"),
        (("--data", "{alike}", "--output", "value"), "write OUTPUT=COLUMN"),
        (("--data", "{alike}", "--output", "label=age"), "'label' is no output of the version"),
        (("--data", "{alike}", "--output", "value=guess"), "there is no column 'guess'"),
    ],
)
def test_what_is_asked_wrongly_is_said(run: Run, packed: Path, words: tuple[str, ...], said: str) -> None:
    alike = str(packed / "alike.parquet")
    code, _, err = run("drift", "level", *(word.format(alike=alike) for word in words))
    assert code == 2
    assert said in err
