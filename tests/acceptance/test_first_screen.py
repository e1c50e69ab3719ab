"""What the README's first screen shows, done by a new user in a new home."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import hythe
from hythe.base.errors import Conflict
from hythe.testing.collector import attributes, collecting
from hythe.testing.command import said

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "tenure": rng.integers(1, 60, 80),
            "spend": rng.normal(50, 20, 80).round(2),
            "contract": rng.choice(["monthly", "yearly", "none"], 80),
        }
    )
    frame.loc[::9, "spend"] = np.nan
    return frame


@pytest.fixture(scope="module")
def targets(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.where((rows["tenure"] < 20) & (rows["contract"] != "yearly"), "yes", "no")


@pytest.fixture(scope="module")
def model(rows: pd.DataFrame, targets: np.ndarray[Any, Any]) -> Any:
    prepare = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["tenure", "spend"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["contract"]),
        ]
    )
    return make_pipeline(prepare, LogisticRegression(max_iter=1000)).fit(rows, targets)


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, model: Any, rows: pd.DataFrame, targets: np.ndarray[Any, Any]
) -> Path:
    folder = tmp_path_factory.mktemp("files")
    joblib.dump(model, folder / "model.joblib")
    rows.assign(churned=targets).to_parquet(folder / "rows.parquet")
    rows.head(5).to_json(folder / "rows.json", orient="records")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    """Run a command in this process."""

    def call(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = said(*arguments, "--home", home)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return call


@pytest.fixture(scope="module")
def packed(home: Path, files: Path) -> dict[str, Any]:
    """Pack as people do, in a process that ends; give what it printed."""
    command = [
        sys.executable, "-m", "hythe.cli.main", "pack", str(files / "model.joblib"), "--name", "churn",
        "--examples", str(files / "rows.parquet"), "--target", "churned", "--json", "--home", str(home),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    return record


@contextmanager
def serving(home: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "hythe.cli.main", "serve", "churn", "--port", "0", "--json", *options]
    with subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()
    assert server.returncode == 0


def test_a_packed_file_becomes_version_one_and_is_served_by_its_proven_variant(
    packed: dict[str, Any],
) -> None:
    assert (packed["name"], packed["version"]) == ("churn", "1.0.0")
    assert packed["facts"]["variant"] == "onnx"


def test_packing_the_same_again_finds_the_version_that_stands(
    run: Run, packed: dict[str, Any], files: Path
) -> None:
    again = run(
        "pack", files / "model.joblib", "--name", "churn", "--examples", files / "rows.parquet",
        "--target", "churned", "--json",
    )  # fmt: skip
    assert json.loads(again.stdout)["digest"] == packed["digest"]


def test_python_packs_the_same_bytes_as_the_command_line(
    packed: dict[str, Any], model: Any, rows: pd.DataFrame, targets: np.ndarray[Any, Any], home: Path
) -> None:
    assert hythe.pack(model, "churn", examples=rows, targets=targets, home=home).digest == packed["digest"]


@pytest.mark.slow
def test_a_version_is_checked_shown_named_approved_and_remembered(run: Run, packed: dict[str, Any]) -> None:
    assert all(item["holds"] for item in json.loads(run("check", "churn", "--json").stdout)["variants"])
    assert json.loads(run("show", "churn", "--json").stdout)["record"]["digest"] == packed["digest"]
    run("alias", "churn:champion", "1.0.0")
    run("approve", "churn:1.0.0", "--note", "passed review", "--actor", "ana")
    listed = json.loads(run("list", "--json").stdout)
    assert listed[0]["aliases"] == ["champion"]
    assert listed[0]["approval"]["note"] == "passed review"
    actions = [entry["action"] for entry in json.loads(run("history", "churn", "--json").stdout)]
    assert {"add version", "alias", "approved"} <= set(actions)
    assert "everything is in order" in run("fsck").stdout
    run("gc")


@pytest.mark.slow
def test_text_for_people_says_what_to_do_next(run: Run, packed: dict[str, Any]) -> None:
    assert "proven" in run("show", packed["name"]).stdout
    assert "churn:1.0.0" in run("list").stdout
    assert "bytes   intact" in run("check", "churn").stdout
    assert "add version" in run("history").stdout
    assert "# " in run("show", "churn", "--card").stdout


def test_rows_of_a_file_are_answered_as_the_original_answers_them(
    run: Run, packed: dict[str, Any], files: Path, model: Any, rows: pd.DataFrame
) -> None:
    lines = run("predict", packed["name"], "--data", files / "rows.json").stdout.splitlines()
    got = [json.loads(line)["probabilities"]["yes"] for line in lines]
    np.testing.assert_allclose(got, model.predict_proba(rows.head(5))[:, 1], rtol=1e-9)


@pytest.mark.parametrize("variant", ["onnx", "native"])
def test_a_served_version_answers_as_the_original_does(
    run: Run, packed: dict[str, Any], home: Path, files: Path, model: Any, rows: pd.DataFrame, variant: str
) -> None:
    assert packed["version"] == "1.0.0"
    with serving(home, "--variant", variant) as url:
        lines = run("predict", f"{url}/predict/churn", "--data", files / "rows.json").stdout.splitlines()
        wrong = httpx.post(f"{url}/predict/churn", json={"rows": [{"tenure": "long", "contract": "none"}]})
        metrics = httpx.get(f"{url}/metrics").text
    got = [json.loads(line)["probabilities"]["yes"] for line in lines]
    np.testing.assert_allclose(got, model.predict_proba(rows.head(5))[:, 1], rtol=1e-9)
    assert wrong.status_code == 422
    assert "rows[0].tenure" in wrong.json()["error"]
    assert 'endpoint="churn"' in metrics


def test_a_served_version_sends_its_spans_to_the_collector_that_is_named(
    packed: dict[str, Any], home: Path, rows: pd.DataFrame
) -> None:
    row = json.loads(rows.head(1).to_json(orient="records"))
    with collecting() as collector, serving(home, "--otlp", collector.url, "--trace-share", "1") as url:
        prediction = httpx.post(f"{url}/predict/churn", json={"rows": row}).json()["prediction_id"]
        spans = collector.until(4)
    assert {span.name for span in spans} == {"POST /predict/{endpoint}", "queue", "inference", "encode"}
    assert {span.trace_id.hex() for span in spans} == {prediction.replace("-", "")}
    assert packed["name"] in {attributes(span).get("hythe.endpoint") for span in spans}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["pack", "{files}/no.joblib", "--name", "x", "--examples", "{files}/rows.parquet"], "no.joblib"),
        (["pack", "{files}/rows.json", "--name", "x", "--examples", "{files}/rows.parquet"], "rows.json"),
        (["pack", "{files}/model.joblib", "--name", "a/b", "--examples", "{files}/rows.parquet"], "'a/b'"),
        (["pack", "{files}/model.joblib", "--name", "a b", "--examples", "{files}/rows.parquet"], "'a b'"),
        (["pack", "{files}/model.joblib", "--name", "x", "--examples", "{files}/no.csv"], "no.csv"),
        (["pack", "{files}/model.joblib", "--name", "x", "--examples", "{files}/rows.parquet"], "churned"),
        (
            [
                "pack", "{files}/model.joblib", "--name", "x", "--examples", "{files}/rows.parquet",
                "--target", "y",
            ],
            "no column 'y'",
        ),
        (
            [
                "pack", "{files}/model.joblib", "--name", "x", "--examples", "{files}/rows.parquet",
                "--target", "churned", "--version", "one",
            ],
            "'one' is no version",
        ),
        (["show", "unknown"], "known models: churn"),
        (["check", "churn:9.0.0"], "known versions: 1.0.0"),
        (["alias", "churn", "1.0.0"], "names no alias"),
        (["approve", "churn"], "names no version"),
        (["predict", "churn", "--data", "{files}/model.joblib"], "model.joblib"),
        (["serve", "churn", "--port", "70000"], "70000"),
        (["serve", "churn", "--trace-share", "0.5"], "--otlp"),
        (["serve", "churn", "--otlp", "collector:4318"], "http://127.0.0.1:4318"),
        (["push", "churn", "127.0.0.1:5000/churn"], "oci://"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else None,
)  # fmt: skip
def test_a_wrong_move_is_refused_with_a_sentence_and_nothing_is_stored(
    run: Run, packed: dict[str, Any], files: Path, arguments: list[str], reason: str
) -> None:
    before = run("list", "--json").stdout
    done = run(*[item.format(files=files) for item in arguments], code=2)
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert run("list", "--json").stdout == before
    assert packed["version"] == "1.0.0"


def test_a_version_that_stands_for_other_bytes_is_a_conflict(
    packed: dict[str, Any], rows: pd.DataFrame, model: Any, home: Path
) -> None:
    with pytest.raises(Conflict, match=r"churn:1\.0\.0"):
        hythe.pack(model, "churn", examples=rows.head(40), version=packed["version"], home=home)


def test_new_weights_under_the_same_schema_make_a_minor_version(
    packed: dict[str, Any], rows: pd.DataFrame, targets: np.ndarray[Any, Any], model: Any, home: Path
) -> None:
    from sklearn.base import clone

    other = clone(model).set_params(logisticregression__C=0.01).fit(rows, targets)
    assert packed["version"] == "1.0.0"
    assert hythe.pack(other, "churn", examples=rows, targets=targets, home=home).ref == "churn:1.1.0"
