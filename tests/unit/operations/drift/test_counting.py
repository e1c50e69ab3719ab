"""Rows of a table are counted to the last bit as serving the same rows would have counted them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, baseline, counted, rows, table

from hythe.bundle.baseline import compute
from hythe.bundle.feed import Feed
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Schema, Tensor
from hythe.monitor.records.sources import observing
from hythe.monitor.windows.counting import BinCounter
from hythe.monitor.windows.window import Tally
from hythe.operations.drift.columns import counters
from hythe.operations.drift.counting import RowCounter, Running
from hythe.operations.drift.outputs import Told, told_columns

BASELINE = baseline()


def running(*tables: pa.Table, workers: int = 2) -> Running:
    with ThreadPoolExecutor(workers) as pool:
        counter = RowCounter(SCHEMA, BASELINE, pool, workers)
        found = Running()
        for part in tables:
            [batch] = part.to_batches()
            found.add(batch.num_rows, *counter.features(batch))
    return found


def tallies(*tables: pa.Table, workers: int = 2) -> Mapping[str, Tally]:
    return running(*tables, workers=workers).window("1.0.0", 0, 0).features


@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "variant"])
@pytest.mark.parametrize("tables", [False, True], ids=["objects", "tables"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_file_counts_as_the_sidecar_counts_the_same_rows(
    feed: Feed | None, tables: bool, seed: int
) -> None:
    pipe = Pipe(feed)
    data = rows(500, seed)
    pipe.put(data, answers(500, seed), tables=tables)
    window = running(table(data)).window("1.0.0", 0, 0)
    served = pipe.window()
    assert window.features == served.features
    assert window.statistics == served.statistics
    assert window.statistics["pairs"]


def test_batches_of_any_size_on_any_number_of_threads_give_the_same() -> None:
    data = table(rows(300, 1))
    whole = tallies(data, workers=1)
    parts = [data.slice(start, length) for start, length in ((0, 1), (1, 250), (251, 49))]
    assert tallies(*parts, workers=3) == whole


def column(name: str, values: pa.Array) -> Any:
    return counters(SCHEMA, BASELINE.features)[name](values)


def by_hand(name: str, values: list[Any]) -> list[int]:
    return list(counted(BASELINE.features[name], values))


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("charges", ["40.5", " 12.5 ", None, "1e1"], [40.5, 12.5, None, 10.0]),
        ("charges", pa.array(["12.5", "12.5", None]).dictionary_encode(), [12.5, 12.5, None]),
        ("ratio", [0.1, 0.30000001], [float(np.float32(0.1)), float(np.float32(0.30000001))]),
        ("visits", pa.array([2.0, 3.0]), [2, 3]),
        ("visits", pa.array([2, 3], pa.uint8()), [2, 3]),
        ("paid", ["true", "False", None], [True, False, None]),
        ("paid", pa.array([1.0, 0.0, float("nan")]), [True, False, None]),
        ("contract", pa.array(["monthly", "yearly", None]).dictionary_encode(), ["monthly", "yearly", None]),
        ("town", pa.array(["A", "nowhere"], pa.large_string()), ["A", "nowhere"]),
        ("name", ["Ana", "Zoe"], ["Ana", "Zoe"]),
    ],
)
def test_cells_mean_the_same_however_they_are_written(name: str, written: Any, meant: list[Any]) -> None:
    values = written if isinstance(written, pa.Array) else pa.array(written)
    found = column(name, values)
    assert found.cells.tolist() == by_hand(name, meant)


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["2026-01-01T00:16:40"]),
        pa.array(["2026-01-01T00:16:40Z"]),
        pa.array(["2026-01-01T01:16:40+01:00"]),
        pa.array([1767226600000], pa.timestamp("ms")),
        pa.array([1767226600], pa.timestamp("s", "Europe/Berlin")),
    ],
)
def test_times_mean_the_same_however_they_are_written(values: pa.Array) -> None:
    found = column("since", values)
    expected = column("since", pa.array([1767226600000000], pa.timestamp("us")))
    assert found.cells.tolist() == expected.cells.tolist()
    assert found.powers == expected.powers


@pytest.mark.parametrize(
    ("name", "values", "missing", "other"),
    [
        ("charges", pa.array(["1,5", "2.5", None]), 2, 0),
        ("charges", pa.array([[1.0], None]), 2, 0),
        ("paid", pa.array(["yes", None]), 1, 1),
        ("paid", pa.array([2]), 0, 1),
        ("town", pa.array([["A"], None]), 1, 1),
        ("since", pa.array(["soon", None]), 2, 0),
        ("since", pa.array([5]), 1, 0),
    ],
)
def test_what_cannot_be_read_is_missing_or_an_unknown_value(
    name: str, values: pa.Array, missing: int, other: int
) -> None:
    found = column(name, values)
    assert (found.cells[0], found.cells[-1]) == (missing, other)
    assert found.cells.sum() == len(values)


def test_a_column_that_is_not_there_is_missing_in_every_row() -> None:
    data = table(rows(20, 0)).drop_columns(["charges", "town"])
    found = tallies(data)
    assert [found[name].cells[0] for name in ("charges", "town")] == [20, 20]
    assert found["charges"].total == 20


def test_a_column_of_nulls_alone_is_missing_in_every_row() -> None:
    data = table(rows(20, 0))
    for place, name in enumerate(data.column_names):
        data = data.set_column(place, name, pa.nulls(20))
    assert {tally.cells[0] for tally in tallies(data).values()} == {20}


def test_tensors_count_all_their_cells_together() -> None:
    schema = Schema((Tensor("image", "float32", (2, 2)),), container="tensors")
    images = np.random.default_rng(0).random((30, 2, 2)).astype(np.float32)
    reference = compute({"image": images}, schema, Outcome.answered({"value": np.zeros(30)}))
    found = counters(schema, reference.features)["image"](pa.array(images.tolist()))
    assert found.cells.tolist() == list(reference.features["image"].counts.cells)


def test_answers_in_columns_count_as_those_that_a_server_gave() -> None:
    pipe = Pipe(None)
    found = answers(200, 1)
    pipe.put(rows(200, 1), found, tables=True)
    columns = {
        "label": found["label"],
        "probabilities[no]": found["probabilities"][:, 0],
        "probabilities[yes]": found["probabilities"][:, 1],
        "n": found["n"],
    }
    names = told_columns(SCHEMA, list(BASELINE.outputs), list(columns), {})
    answered = Told(SCHEMA, names)(pa.record_batch(columns))
    with ThreadPoolExecutor(1) as pool:
        outputs = RowCounter(SCHEMA, BASELINE, pool, 1).outputs(answered)
    assert answered.rows == 200
    assert outputs == pipe.window().outputs


def test_a_hashed_boolean_counts_as_served_and_however_it_is_written() -> None:
    schema = Schema((Column("paid", "bool", nullable=True, sensitive=True),))
    rows_ = pa.table({"paid": [True, False, None, True]})
    reference = compute(rows_, schema, Outcome.answered({"value": np.zeros(4)}))
    served = BinCounter(schema, reference, None, observing(schema, reference, None))
    found = served.features([("seen_numbers", np.array([[1.0], [0.0], [np.nan]]))])["paid"]
    for written in (pa.array([True, False, None]), pa.array(["true", "0", None]), pa.array([1, 0, None])):
        assert tuple(counters(schema, reference.features)["paid"](written).cells.tolist()) == found.cells
    assert found.cells == (1, 1, 1, 0)
