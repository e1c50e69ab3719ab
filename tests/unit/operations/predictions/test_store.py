"""Files of the log are whole or not there, and old days go."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hythe.base.errors import Invalid, Unavailable
from hythe.bundle.schema import Column, Output, Schema
from hythe.operations.predictions.files import Part, forget
from hythe.operations.predictions.log import PredictionLog, check_left_out, prediction_log
from hythe.operations.predictions.store import Folder, open_store

NOW = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def test_a_file_takes_the_place_of_one_of_its_name(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.write("a=1/b=2/x.parquet", b"first")
    store.write("a=1/b=2/x.parquet", b"second")
    assert [(item.name, item.read_bytes()) for item in (tmp_path / "a=1/b=2").iterdir()] == [
        ("x.parquet", b"second")
    ]


def test_a_file_that_is_being_written_has_no_name_that_readers_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def look(_descriptor: int) -> None:
        seen.append([item.name for item in (tmp_path / "d").iterdir()])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", look)
    with pytest.raises(Unavailable, match="No space left on device; see that it is writable"):
        Folder(tmp_path).write("d/x.parquet", b"rows")
    assert seen == [[".x.parquet.part"]]
    assert not (tmp_path / "d/x.parquet").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be written"):
        Folder(tmp_path / "file").write("x/y.parquet", b"")


def test_days_that_are_too_old_go_and_nothing_else(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    today = int(NOW.timestamp()) // 86400
    for endpoint in ("churn", "fraud"):
        for age in (0, 29, 30, 31, 400):
            store.write(f"{Part(endpoint, today - age, '1.0.0').folder}/x.parquet", b"")
    store.write("notes/hythe_day=2001-01-01/x.parquet", b"")
    store.write("hythe_endpoint=churn/other/x.parquet", b"")
    assert forget(store, 30, NOW) == 4
    left = {str(path.relative_to(tmp_path).parent) for path in tmp_path.rglob("*.parquet")}
    assert left == {
        "notes/hythe_day=2001-01-01",
        "hythe_endpoint=churn/other",
        *(Part(name, today - age, "1.0.0").folder for name in ("churn", "fraud") for age in (0, 29, 30)),
    }
    assert forget(Folder(tmp_path / "nowhere"), 30, NOW) == 0


def test_a_store_that_this_arrow_does_not_know_is_told() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        open_store("nonsense://bucket/rows")


def test_a_command_line_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prediction_log("off", 0.1, 30, "") is None
    found = prediction_log("rows", 1.0, 7, "income, town")
    assert found == PredictionLog(
        place=str(tmp_path / "rows"), share=1.0, days=7, leave_out=("income", "town")
    )
    remote = prediction_log("s3://bucket/rows", 0.1, 30, "")
    assert remote is not None
    assert (remote.place, remote.local) == ("s3://bucket/rows", False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"place": "ftp://host/rows"}, "give a folder, or a URL that begins with s3://"),
        ({"place": ""}, "give a folder"),
        ({"share": 0.0}, "give more than 0, up to 1"),
        ({"share": 1.5}, "give more than 0, up to 1"),
        ({"days": 0}, "give 1 or more"),
        ({"write_s": 0.0}, "give more than 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        PredictionLog(**{"place": "rows", **wrong})  # type: ignore[arg-type]


def test_a_name_to_leave_out_that_nobody_has_is_refused_for_it_may_be_a_slip() -> None:
    schema = Schema((Column("income", "float64"),), (Output("label", "str"),))
    check_left_out(PredictionLog(place="rows", leave_out=("income", "label")), [schema])
    with pytest.raises(Invalid, match="no version that is served has 'incme'"):
        check_left_out(PredictionLog(place="rows", leave_out=("incme",)), [schema])
