"""What is read beside a model's input is the same from row objects and from tables."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.monitor.observed_rows import SCHEMA, baseline, rows, table

from hythe.bundle.schema import Column, Schema, Tensor
from hythe.bundle.summary import column_numbers
from hythe.dataplane.observed import Observed
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.sources import observing
from hythe.runtime.batch import reader

FIELDS = reader(SCHEMA).fields


@pytest.fixture
def observed() -> Observed:
    return Observed(observing(SCHEMA, baseline(50), None), SCHEMA, FIELDS)


def test_objects_and_tables_are_read_alike(observed: Observed) -> None:
    data = rows(40, 1)
    from_objects = observed(reader(SCHEMA).convert_all(data))
    from_table = observed(table(data))
    assert set(from_objects) == {"seen_numbers", "seen_codes", "seen_times"}
    for name, values in from_objects.items():
        np.testing.assert_array_equal(values, from_table[name])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_are_rounded_as_the_baselines_are(unit: str) -> None:
    schema = SCHEMA.replacing("since", unit=unit)
    data = [{**row, "since": row["since"]} for row in rows(40, 1)]
    whole = table(data).set_column(7, "since", table(data)["since"].cast(f"timestamp[{unit}]"))
    observed = Observed(Observing(times=("since",)), schema, FIELDS)
    numbers, missing = column_numbers(whole["since"], schema.columns[7])
    expected = np.where(missing, np.nan, numbers)[:, None]
    np.testing.assert_array_equal(observed(reader(schema).convert_all(data))["seen_times"], expected)
    np.testing.assert_array_equal(observed(whole)["seen_times"], expected)


def test_where_the_input_tells_all_nothing_is_read() -> None:
    schema = Schema((Column("x", "float64"),))
    assert not Observed(Observing(), schema, reader(schema).fields)
    assert Observed(Observing(), schema, reader(schema).fields)([]) == {}


def test_tensors_are_not_read_again() -> None:
    schema = Schema((Tensor("x", "float64", (2,)),), container="tensors")
    assert Observed(Observing(), schema, {})({"x": np.zeros((1, 2))}) == {}
