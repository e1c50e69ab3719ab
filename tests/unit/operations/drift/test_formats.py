"""Files of rows are read a batch at a time, whatever their format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.operations.drift.source import BATCH_ROWS, Files, Memory, source_of

TABLE = pa.table({"x": [1.5, None, 3.0], "town": ["A", "B,b", None], "n": [1, 2, 3]})


def write(path: Path, table: pa.Table = TABLE) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=2)
    elif path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    elif path.suffix == ".jsonl":
        path.write_text(table.to_pandas().to_json(orient="records", lines=True))
    else:
        make = pa.ipc.new_stream if path.suffix == ".feather" else pa.ipc.new_file
        with pa.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather", "a.csv", "a.jsonl"])
def test_every_format_gives_the_wanted_columns_of_all_rows(tmp_path: Path, name: str) -> None:
    source = Files.found(write(tmp_path / name))
    assert source.columns == ("x", "town", "n")
    assert source.is_text == name.endswith("csv")
    found = pa.Table.from_batches(source.batches({"n", "town", "elsewhere"}))
    assert found.column_names == ["town", "n"]
    assert found["town"].to_pylist() == ["A", "B,b", None]
    assert [int(cell) for cell in found["n"].to_pylist()] == [1, 2, 3]


def test_large_files_come_in_batches(tmp_path: Path) -> None:
    rows = 2 * BATCH_ROWS + 5
    for name in ("a.parquet", "a.arrow"):
        path = write(tmp_path / name, pa.table({"n": range(rows)}))
        sizes = [batch.num_rows for batch in Files.found(path).batches({"n"})]
        assert sum(sizes) == rows
        assert max(sizes) <= BATCH_ROWS
    first = next(Memory(pa.table({"n": range(rows)})).batches({"n"}))
    assert first.num_rows == BATCH_ROWS


def test_a_folder_and_a_pattern_name_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "b.parquet", pa.table({"n": [3]}))
    write(tmp_path / "a.parquet", pa.table({"n": [1], "more": [0]}))
    write(tmp_path / "deep" / "c.csv", pa.table({"n": [4]}))
    (tmp_path / "_notes.csv").write_text("n\n99\n")
    (tmp_path / "README.txt").write_text("rows")
    folder = source_of(tmp_path)
    assert folder.columns == ("n", "more")
    values = [int(cell) for batch in folder.batches({"n"}) for cell in batch.column("n").to_pylist()]
    assert values == [1, 3, 4]
    assert [path.name for path in Files.found(tmp_path / "*.parquet").heads] == ["a.parquet", "b.parquet"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_rows_are_read_once_after_what_stands_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = Files.found(write(tmp_path / name))
    opened: list[Path] = []
    plain_open, plain_csv = Path.open, pyarrow.csv.open_csv

    def noted(path: Path, *args: Any, **named: Any) -> Any:
        opened.append(path)
        return plain_open(path, *args, **named)

    def noted_csv(path: Path, **named: Any) -> Any:
        opened.append(path)
        return plain_csv(path, **named)

    monkeypatch.setattr(Path, "open", noted)
    monkeypatch.setattr(pyarrow.csv, "open_csv", noted_csv)
    assert sum(batch.num_rows for batch in source.batches({"n"})) == 3
    assert opened == [tmp_path / name]


def test_lines_of_json_may_differ_in_their_names_and_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n\n{"n": "two", "x": 2.5}\n')
    [batch] = Files.found(path).batches({"n", "x"})
    assert batch.to_pydict() == {"n": ["1", "two"], "x": [None, 2.5]}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.arrow", "no arrow", "cannot be read"),
        ("a.csv", "", "cannot be read"),
        ("a.jsonl", '{"n": 1}\n[2]\n', "line 2, is no object"),
        ("a.jsonl", '{"n": 1}\n{"n": \n', "line 2, cannot be read"),
        ("a.xlsx", "", "has no suffix that names a table format"),
        ("a.csv", "n,n\n1,2\n", "has two columns 'n'"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(Invalid, match=said):
        list(Files.found(tmp_path / name).batches({"n"}))


def test_a_line_with_too_many_cells_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,x\n1,2\n3,4,5\n")
    with pytest.raises(Invalid, match="cannot be read"):
        list(Files.found(tmp_path / "a.csv").batches({"n"}))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        source_of(str(tmp_path / "*.csv"))
    with pytest.raises(NotFound, match="holds no file of rows"):
        source_of(tmp_path)
    with pytest.raises(Invalid, match="the rows are a list"):
        source_of([{"n": 1}])
