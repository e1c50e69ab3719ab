"""A prediction log is read by endpoint, version and time, and its rows can be answered again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hythe.base.clock import DAY_S
from hythe.base.errors import Invalid, NotFound
from hythe.operations.predictions.files import Part
from hythe.operations.predictions.read import is_log, read_predictions
from hythe.operations.tables import read_table

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def write(
    place: Path, rows: list[dict[str, Any]], *, endpoint: str = "churn", version: str = "1.0.0", days: int = 0
) -> None:
    """Write a file of the log; each row a minute after the one before."""
    begin = NOON + timedelta(days=days)
    times = [begin + timedelta(minutes=number) for number in range(len(rows))]
    table = pa.Table.from_pylist(
        [{"hythe_untold": [], **row, "hythe_time": time} for row, time in zip(rows, times, strict=True)]
    )
    untold = table.column("hythe_untold").cast(pa.list_(pa.string()))
    table = table.set_column(table.column_names.index("hythe_untold"), "hythe_untold", untold)
    folder = place / Part(endpoint, int(begin.timestamp()) // DAY_S, version).folder
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / f"{len(list(folder.iterdir()))}.parquet")


def test_rows_are_found_by_endpoint_version_and_time(tmp_path: Path) -> None:
    write(tmp_path, [{"age": 1}, {"age": 2}])
    write(tmp_path, [{"age": 3}], days=1)
    write(tmp_path, [{"age": 4}], version="2.0.0+b")
    write(tmp_path, [{"age": 5}], endpoint="fraud")

    def ages(*chosen: str, **times: Any) -> list[int]:
        return sorted(read_predictions(tmp_path, *chosen, **times).to_table()["age"].to_pylist())

    assert ages() == [1, 2, 3, 4, 5]
    assert ages("churn") == [1, 2, 3, 4]
    assert ages("churn", "2.0.0+b") == [4]
    assert ages("churn", since=NOON + timedelta(minutes=1)) == [2, 3]
    assert ages("churn", "1.0.0", until=NOON + timedelta(minutes=1)) == [1]
    found = read_predictions(tmp_path, "churn", "2.0.0+b").to_table().to_pylist()[0]
    parts = (found["hythe_endpoint"], str(found["hythe_day"]), found["hythe_version"])
    assert parts == ("churn", "2026-11-20", "2.0.0+b")


def test_a_column_that_versions_have_in_two_types_is_read_in_the_wider_one(tmp_path: Path) -> None:
    write(tmp_path, [{"age": 1, "town": "Bath"}])
    write(tmp_path, [{"age": 1.5}], version="2.0.0")
    found = read_predictions(tmp_path).to_table()
    assert found["age"].to_pylist() == [1.0, 1.5]
    assert found["town"].to_pylist() == ["Bath", None]


def test_types_that_do_not_go_together_are_told(tmp_path: Path) -> None:
    write(tmp_path, [{"age": 1}])
    write(tmp_path, [{"age": "old"}], version="2.0.0")
    with pytest.raises(Invalid, match="name a version"):
        read_predictions(tmp_path)
    assert read_predictions(tmp_path, version="2.0.0").count_rows() == 1


def test_files_that_are_being_written_are_no_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, [{"age": 1}])
    [path] = tmp_path.rglob("*.parquet")
    path.with_name(".x.parquet.part").write_bytes(b"half")
    assert read_predictions(tmp_path).count_rows() == 1


def test_where_nothing_is_logged_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there are no predictions of churn at"):
        read_predictions(tmp_path, "churn")
    assert not is_log(tmp_path)
    assert not is_log(tmp_path / "nowhere")


def test_rows_can_be_answered_again_where_all_of_their_features_were_recorded(tmp_path: Path) -> None:
    write(tmp_path, [{"age": 1, "hythe_untold": ["age"]}, {"age": 2}, {"age": 3}])
    for place in (tmp_path, tmp_path / "hythe_endpoint=churn"):
        table = read_table(place)
        assert table.column_names == ["age"]
        assert table["age"].to_pylist() == [2, 3]
    write(tmp_path, [{"age": 9, "hythe_untold": ["age"]}], endpoint="fraud")
    with pytest.raises(Invalid, match="several endpoints; give the folder of one"):
        read_table(tmp_path)
    with pytest.raises(NotFound, match=r"no row of .* has all of its features recorded"):
        read_table(tmp_path / "hythe_endpoint=fraud")
