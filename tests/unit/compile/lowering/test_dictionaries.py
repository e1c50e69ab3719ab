"""Rows given as dictionaries."""

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import StandardScaler

from hythe.compile.compiler import compile_model
from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

RECORDS = [
    {"age": 1.0, "plan": "gold", "new": True},
    {"age": 2.5, "plan": "silver", "new": False},
    {"age": 0.0, "plan": "a=b", "new": True},
]


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_keys_with_numbers_and_with_strings_become_columns(sparse: bool) -> None:
    model = DictVectorizer(sparse=sparse).fit(RECORDS)
    odd = [{"age": 3.0, "plan": "never seen", "new": False}, {"age": -1.0, "plan": "gold", "new": True}]
    assert_alike(lower(model, RECORDS), [*RECORDS, *odd])


def test_a_key_that_was_not_fitted_is_left_out() -> None:
    model = DictVectorizer().fit([{"age": 1.0, "plan": "gold"}])
    assert_alike(lower(model, RECORDS), RECORDS)


def test_a_table_is_no_list_of_dictionaries() -> None:
    model = DictVectorizer().fit(RECORDS)
    schema = lower(StandardScaler().fit(np.eye(3)), np.eye(3)).schema
    with pytest.raises(CannotLower, match="dictionaries"):
        compile_model(model, schema)
