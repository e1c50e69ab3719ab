"""Kept predictions become rows, with what was told of them and the cells of their features."""

from __future__ import annotations

import msgspec
import numpy as np

from hythe.monitor.outcomes.row_cells import UNKNOWN, written
from hythe.operations.monitoring.known_rows import known_rows
from hythe.registry.labelled import LabelledPrediction, ToldPart
from hythe.registry.windows import JoinRecord

FEATURES = ("age", "town")


def kept(id_: str, rows: int, *told: ToldPart, cells: list[list[int]] | None = None) -> LabelledPrediction:
    document = {
        "share": 1.0,
        "key": "",
        "outputs": {"value": [1.0] * rows},
        "cells": "" if cells is None else written(np.array(cells, dtype=np.uint8)),
    }
    record = JoinRecord(id_, 0, rows, 1, "churn", "1.0.0", msgspec.json.encode(document).decode())
    return LabelledPrediction(record, told)


def test_rows_of_all_predictions_come_with_their_cells_and_what_was_told_of_each() -> None:
    known = known_rows(
        [
            kept("a", 2, ToldPart(1, "outcome", "5"), cells=[[1, 2], [3, 4]]),
            kept("b", 1, ToldPart(0, "value:revenue", "9.5")),
            kept("c", 1, cells=[[7, 8]]),
        ],
        "1.0.0",
        FEATURES,
    )
    assert [row.outcome for row in known.rows] == [None, 5, None, None]
    found = [known.cells(name) for name in FEATURES]
    assert [[] if cells is None else cells.tolist() for cells in found] == [
        [1, 3, UNKNOWN, 7],
        [2, 4, UNKNOWN, 8],
    ]
    assert known.cells("colour") is None
    assert known.values == {"revenue": [("", 9.5)]}


def test_a_prediction_of_which_something_unreadable_was_told_is_left_out_whole() -> None:
    known = known_rows(
        [
            kept("a", 1, ToldPart(0, "outcome", "1"), ToldPart(0, "value:revenue", "[]"), cells=[[1, 2]]),
            kept("b", 1, ToldPart(0, "outcome", "2"), cells=[[3, 4]]),
        ],
        "1.0.0",
        FEATURES,
    )
    assert ([row.outcome for row in known.rows], known.broken, known.values) == ([2], 1, {})
    cells = known.cells("age")
    assert cells is not None
    assert cells.tolist() == [3]


def test_without_a_prediction_there_are_no_cells() -> None:
    assert known_rows([], "1.0.0", FEATURES).cells("age") is None
