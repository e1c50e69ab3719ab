"""The rows of a file, answered by a server."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hythe.base.errors import Invalid
from hythe.operations.predict import BATCH_ROWS, predict_there
from hythe.testing.scripted_server import Step, scripted


def step(first: int, rows: int) -> Step:
    answers = [{"value": first + row} for row in range(rows)]
    return Step(document={"predictions": answers, "version": "1.0.0", "prediction_id": "id"})


def test_rows_travel_as_arrow_in_batches_and_answers_come_in_order(tmp_path: Path) -> None:
    rows = BATCH_ROWS + 3
    table = pa.table({"tenure": range(rows), "contract": ["monthly"] * rows})
    pq.write_table(table, tmp_path / "rows.parquet")
    with scripted(step(0, BATCH_ROWS), step(BATCH_ROWS, 3)) as server:
        found = list(predict_there(f"{server.url}/predict/churn", tmp_path / "rows.parquet"))
    assert [answer["value"] for answer in found] == list(range(rows))
    assert [heard.line for heard in server.heard] == ["POST /predict/churn HTTP/1.1"] * 2
    sent = [pa.ipc.open_stream(heard.body).read_all() for heard in server.heard]
    assert pa.concat_tables(sent).equals(table)


def test_an_address_without_an_endpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="names no endpoint"):
        list(predict_there("http://127.0.0.1:8080/", tmp_path / "rows.parquet"))
