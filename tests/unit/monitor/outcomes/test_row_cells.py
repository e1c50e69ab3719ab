"""The cells that are kept of single rows are those that windows count."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, Pipe, answers, cell, rows

from hythe.base.errors import Corrupt
from hythe.bundle.baseline import Baseline
from hythe.bundle.feed import Feed
from hythe.bundle.importances import Importances
from hythe.bundle.reference_cells import MOST_FEATURES
from hythe.monitor.outcomes.join import joins
from hythe.monitor.outcomes.row_cells import UNKNOWN, RowCells, kept_features, read_cells
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.records.sources import observing


def records(pipe: Pipe, data: list[dict[str, Any]], seed: int) -> list[BatchRecord]:
    found = answers(len(data), seed)
    for start in range(0, len(data), 7):
        part = slice(start, start + 7)
        pipe.put(data[part], {name: values[part] for name, values in found.items()}, tables=False)
    read = RecordReader()
    return [read(data) for _, data in pipe.ring.take()]


@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "compiled"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_join_keeps_the_cell_of_every_feature_of_its_rows(feed: Feed | None, seed: int) -> None:
    pipe = Pipe(feed)
    data = rows(100, seed)
    reader = RowCells(SCHEMA, pipe.baseline, feed, observing(SCHEMA, pipe.baseline, feed))
    kept = list(joins(records(pipe, data, seed), 1.0, find_cells=lambda *_: reader))
    assert len(kept) == 100
    for join, row in zip(kept, data, strict=True):
        found = read_cells(join.cells, join.rows, len(reader.features))
        assert found is not None
        for name, place in zip(reader.features, found[0].tolist(), strict=True):
            value = row[name]
            if name == "ratio" and value is not None:
                value = float(np.float32(value))
            if isinstance(value, float) and math.isnan(value):
                value = None
            assert place == cell(pipe.baseline.features[name], value), name


def test_a_record_without_its_input_has_unknown_cells() -> None:
    pipe = Pipe(None)
    reader = RowCells(SCHEMA, pipe.baseline, None, observing(SCHEMA, pipe.baseline, None))
    [record, *_] = records(pipe, rows(7, 0), 0)
    assert (reader.of([msgspec.structs.replace(record, inputs={})], np.arange(record.rows)) == UNKNOWN).all()


def test_without_a_baseline_no_cells_are_kept() -> None:
    assert {join.cells for join in joins(records(Pipe(None), rows(20, 0), 0), 1.0)} == {""}


def test_cells_that_another_baseline_counted_are_not_read() -> None:
    assert read_cells("AAAA", 1, 3) is not None
    assert read_cells("AAAA", 1, 4) is None
    assert read_cells("", 1, 4) is None
    with pytest.raises(Corrupt, match="remove it"):
        read_cells("\u00e9", 1, 1)


def test_of_many_features_those_that_matter_most_are_kept() -> None:
    baseline = Pipe(None).baseline
    many = {f"x{place}": baseline.features["visits"] for place in range(100)}
    matter = Importances(10, 0, "label", {"x99": 1.0, "x98": 0.5})
    kept = kept_features(msgspec.structs.replace(baseline, features=many, importances=matter))
    assert len(kept) == MOST_FEATURES
    assert kept[-2:] == ("x98", "x99")


def test_a_baseline_that_was_written_and_read_keeps_the_same_features_in_the_same_order() -> None:
    baseline = Pipe(None).baseline
    assert kept_features(Baseline.decode(baseline.encode())) == kept_features(baseline)
