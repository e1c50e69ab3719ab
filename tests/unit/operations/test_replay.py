"""Two versions answer recorded rows side by side, and what differs is counted and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import hythe
from hythe.base.errors import Invalid
from hythe.cli.main import main
from hythe.operations.replay import ReplayOptions, replay
from hythe.registry.registry import Registry

ROWS = 3000
"""Enough for several batches."""


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame({"x": rng.normal(size=ROWS), "y": rng.normal(size=ROWS)})


def classifier(shift: float) -> Any:
    rows = frame()
    model = LogisticRegression().fit(rows, rows["x"] + rows["y"] > 0)
    model.intercept_ = model.intercept_ + shift
    return model


def regressor(factor: float) -> Any:
    rows = frame()
    model = LinearRegression().fit(rows, 3 * rows["x"] + rows["y"] + 100)
    model.coef_, model.intercept_ = model.coef_ * factor, model.intercept_ * factor
    return model


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pack two classifiers and two regressors, and record rows with the outcome beside them."""
    folder = tmp_path_factory.mktemp("replay")
    for shift in (0.0, 1.5):
        hythe.pack(classifier(shift), "sign", examples=frame(), home=folder / "home")
    for factor in (1.0, 1.02):
        hythe.pack(regressor(factor), "level", examples=frame(), home=folder / "home")
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    pq.write_table(table.append_column("outcome", pa.array(["?"] * ROWS)), folder / "rows.parquet")
    return folder


def replayed(home: Path, name: str, **options: Any) -> Any:
    registry = Registry.open(home / "home")
    try:
        first, second = sorted(record.ref for record in registry.catalog.versions(name))
        return replay(registry, second, first, home / "rows.parquet", ReplayOptions(**options))
    finally:
        registry.close()


def test_another_label_and_a_moved_score_are_counted_as_the_originals_differ(home: Path) -> None:
    one, other = (classifier(shift) for shift in (0.0, 1.5))
    rows = frame()
    gaps = np.abs(one.predict_proba(rows) - other.predict_proba(rows)).max(axis=1)
    changed = one.predict(rows) != other.predict(rows)
    found = replayed(home, "sign", margin=0.2, most=0.01)
    assert (found.rows, found.changed, found.moved) == (ROWS, changed.sum(), (gaps > 0.2).sum())
    assert found.disagreement == pytest.approx(changed.mean())
    assert not found.agrees
    assert (found.refused, found.refused_by_against) == (0, 0)
    worst = np.argsort(-(gaps + changed), kind="stable")[:10]
    assert [row.row for row in found.worst] == worst.tolist()
    assert {row.kind for row in found.worst} == {"changed"}
    assert found.worst[0].features == pytest.approx(rows.iloc[worst[0]].to_dict())


def test_a_version_agrees_with_itself(home: Path) -> None:
    registry = Registry.open(home / "home")
    first = min(record.ref for record in registry.catalog.versions("sign"))
    found = replay(registry, first, first, home / "rows.parquet", ReplayOptions(most=0.0))
    registry.close()
    assert (found.disagreement, found.agrees, found.worst) == (0.0, True, ())


def test_numbers_that_moved_are_the_disagreement_where_there_are_no_labels(home: Path) -> None:
    one, other = (regressor(factor).predict(frame()) for factor in (1.0, 1.02))
    shares = np.abs(one - other) / (one.max() - one.min())
    middle = float(np.median(shares)) + 1e-9
    found = replayed(home, "level", margin=middle)
    assert (found.moved, found.changed) == ((shares > middle).sum(), 0)
    assert found.disagreement == pytest.approx(0.5)
    assert replayed(home, "level", margin=float(shares.max()) + 1e-6).disagreement == 0.0


def test_a_row_that_only_one_refuses_is_told_apart(home: Path) -> None:
    table = pa.Table.from_pandas(frame().head(4), preserve_index=False).to_pydict()
    table["x"][2] = float("inf")
    odd = home / "odd.arrow"
    with pa.OSFile(str(odd), "wb") as sink, pa.ipc.new_file(sink, pa.table(table).schema) as writer:
        writer.write_table(pa.table(table))
    registry = Registry.open(home / "home")
    first, second = sorted(record.ref for record in registry.catalog.versions("sign"))
    found = replay(registry, second, first, odd)
    registry.close()
    assert (found.rows, found.refused, found.refused_by_against) == (4, 0, 0)
    assert all(row.row != 2 for row in found.worst)


def test_rows_that_a_version_does_not_read_are_named(home: Path) -> None:
    pq.write_table(pa.table({"x": [0.1]}), home / "less.parquet")
    registry = Registry.open(home / "home")
    first, second = sorted(record.ref for record in registry.catalog.versions("sign"))
    with pytest.raises(Invalid, match="column 'y' is missing"):
        replay(registry, second, first, home / "less.parquet")
    registry.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"margin": -0.1}, "the margin is -0.1"),
        ({"margin": float("nan")}, "the margin is nan"),
        ({"most": 1.5}, "may differ is 1.5"),
        ({"shown": -1}, "-1 of the worst rows"),
    ],
)
def test_an_option_that_is_no_such_number_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        ReplayOptions(**options)


def said(
    home: Path, capsys: pytest.CaptureFixture[str], version: str, against: str, *words: str
) -> tuple[int, str]:
    """Run the command; give its exit code and what it printed."""
    command = ["replay", version, "--against", against, "--data", str(home / "rows.parquet")]
    with pytest.raises(SystemExit) as ended:
        main([*command, *words, "--home", str(home / "home")])
    return int(ended.value.code or 0), capsys.readouterr().out


def test_the_command_fails_when_versions_disagree_on_more_than_is_allowed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = replayed(home, "sign")
    share, pair = expected.disagreement, (expected.version, expected.against)
    code, text = said(home, capsys, *pair, "--most", str(share - 0.001), "--worst", "3")
    assert code == 1
    assert f"they disagree on {share:.2%} of the rows, more than the {share - 0.001:.2%} allowed" in text
    assert text.count(" changed ") == 3
    code, text = said(home, capsys, *pair, "--most", str(share + 0.001), "--json")
    assert code == 0
    document = json.loads(text)
    assert (document["agrees"], document["disagreement"]) == (True, pytest.approx(share))
    assert (document["version"], document["against"]) == pair
