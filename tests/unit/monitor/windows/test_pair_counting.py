"""Served rows are counted by which values are high together, wherever a model's input holds these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, Pipe, answers, rows

from hythe.bundle.feed import Feed
from hythe.bundle.pairs import JOINT, PAIRS, Pairs
from hythe.monitor.records.sources import Source
from hythe.monitor.windows.pair_counting import PairCounter


def by_hand(data: list[dict[str, Any]], pairs: Pairs) -> list[int]:
    """Count tables of pairs, row by row."""
    columns = []
    for name, border in zip(pairs.columns, pairs.borders, strict=True):
        values = [row[name] for row in data]
        if name == "ratio":
            values = [None if value is None else float(np.float32(value)) for value in values]
        columns.append([None if value is None else value >= border for value in values])
    found = []
    for one in range(len(columns)):
        for other in range(one + 1, len(columns)):
            cells = [0, 0, 0, 0]
            for a, b in zip(columns[one], columns[other], strict=True):
                if a is not None and b is not None:
                    cells[2 * a + b] += 1
            found += cells
    return found


@pytest.mark.parametrize("feed", [None, FEED], ids=["native", "compiled"])
@pytest.mark.parametrize("seed", [0, 1])
def test_served_rows_are_counted_as_by_hand(feed: Feed | None, seed: int) -> None:
    pipe = Pipe(feed)
    assert pipe.baseline.pairs is not None
    data = rows(300, seed)
    for start in range(0, 300, 50):
        found = {name: values[start : start + 50] for name, values in answers(300, seed).items()}
        pipe.put(data[start : start + 50], found, tables=False)
    statistics = pipe.window().statistics
    assert pipe.baseline.pairs.columns == ("charges", "ratio", "visits")
    assert list(statistics[PAIRS]) == by_hand(data, pipe.baseline.pairs)
    assert sum(statistics[JOINT]) == 300


def test_a_baseline_counts_its_own_rows_as_by_hand() -> None:
    pairs = Pipe(None).baseline.pairs
    assert pairs is not None
    assert list(pairs.tables) == by_hand(rows(400, 0), pairs)


def test_rows_of_which_only_some_hold_the_columns_are_not_counted() -> None:
    pairs = Pipe(None).baseline.pairs
    assert pairs is not None
    places = {"charges": Source("here", 0), "ratio": Source("there", 0), "visits": Source("here", 1)}
    counter = PairCounter.of(pairs, places)
    assert counter is not None
    here, there = np.zeros((4, 2)), np.zeros((4, 1))
    assert sum(counter.count([("here", here), ("there", there)])[JOINT]) == 4
    assert counter.count([("here", here)]) == {}
    assert counter.count([("here", here), ("there", there[:3])]) == {}
    assert PairCounter.of(pairs, {"charges": Source("here", 0)}) is None
    assert PairCounter.of(None, places) is None
