"""Files of rows are read by their suffix, and what cannot be read is refused with its name."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.operations.tables import read_table

ROWS = [{"tenure": 4, "plan": "monthly"}, {"tenure": None, "plan": "yearly"}]
TABLE = pa.table({"tenure": [4, None], "plan": ["monthly", "yearly"]})


def write(path: Path) -> Path:
    writers: dict[str, Callable[[], object]] = {
        ".parquet": lambda: pyarrow.parquet.write_table(TABLE, path),
        ".feather": lambda: pyarrow.feather.write_feather(TABLE, str(path), compression="uncompressed"),
        ".arrow": lambda: path.write_bytes(stream()),
        ".csv": lambda: pyarrow.csv.write_csv(TABLE, path),
        ".tsv": lambda: path.write_text("tenure\tplan\n4\tmonthly\n\tyearly\n"),
        ".json": lambda: path.write_text(json.dumps({"rows": ROWS})),
        ".jsonl": lambda: path.write_text("\n".join(map(json.dumps, ROWS)) + "\n"),
    }
    writers[path.suffix]()
    return path


def stream() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow", ".csv", ".tsv", ".json", ".jsonl"])
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    assert read_table(write(tmp_path / f"rows{suffix}")).to_pylist() == ROWS


@pytest.mark.parametrize(
    "document", [ROWS, {"columns": {"tenure": [4, None], "plan": ["monthly", "yearly"]}}]
)
def test_json_may_be_a_list_of_rows_or_columns(tmp_path: Path, document: object) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(document))
    assert read_table(path).to_pylist() == ROWS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.parquet", b"not parquet"),
        ("rows.json", b"{"),
        ("rows.json", b"[1, 2]"),
        ("rows.json", b"[]"),
        ("rows.jsonl", b"{}\nx\n"),
        ("rows.arrow", b"\0" * 9),
        ("rows.xyz", b""),
        ("rows.csv", b""),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=name.replace(".", r"\.")):
        read_table(tmp_path / name)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"rows\.csv"):
        read_table(tmp_path / "rows.csv")
