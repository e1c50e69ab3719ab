"""Imputers and missing indicators, on numbers and on strings."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
FULL = RANDOM.normal(size=(40, 4))
HOLES = np.where(RANDOM.random(FULL.shape) < 0.2, np.nan, FULL)
EMPTY = np.where(np.arange(4) == 2, np.nan, HOLES)
ODD = np.array([[np.nan] * 4, [1.0, np.inf, 2.0, 3.0], [0.0] * 4])
NUMBERS = np.vstack([HOLES[:8], ODD])

pytestmark = pytest.mark.filterwarnings("ignore:Skipping features without any observed values")


@pytest.mark.parametrize("add_indicator", [False, True], ids=["plain", "indicator"])
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
def test_missing_numbers_are_filled(strategy: str, add_indicator: bool) -> None:
    model = SimpleImputer(strategy=strategy, add_indicator=add_indicator).fit(HOLES)
    assert_alike(lower(model, HOLES), NUMBERS)


@pytest.mark.parametrize("keep", [False, True], ids=["dropped", "kept"])
@pytest.mark.parametrize("strategy", ["mean", "constant"])
def test_columns_without_any_value_are_kept_or_dropped(strategy: str, keep: bool) -> None:
    model = SimpleImputer(strategy=strategy, keep_empty_features=keep, add_indicator=True).fit(EMPTY)
    assert_alike(lower(model, EMPTY), EMPTY[:8])


@pytest.mark.parametrize(
    ("missing", "dtype"), [(-1, np.int64), (-1.0, np.float64)], ids=["integers", "doubles"]
)
def test_a_number_may_mean_missing(missing: float, dtype: Any) -> None:
    rows = RANDOM.integers(-1, 3, size=(30, 3)).astype(dtype)
    model = SimpleImputer(missing_values=missing, strategy="most_frequent", add_indicator=True).fit(rows)
    pair = lower(model, rows)
    assert_alike(pair, rows[:8])
    if dtype is np.float64:
        assert_alike(pair, np.array([[np.nan, 1.0, 2.0], [np.inf, 1.0, 2.0], [-1.0, -1.0, 0.0]]))


def test_single_precision_rounds_what_is_filled_in() -> None:
    rows = HOLES.astype(np.float32)
    model = make_pipeline(SimpleImputer(), StandardScaler()).fit(rows)
    assert_alike(lower(model, rows), rows[:10], relative=0.0, absolute=0.0)


@pytest.mark.parametrize("features", ["missing-only", "all"])
@pytest.mark.parametrize("error_on_new", [True, False], ids=["strict", "lenient"])
def test_missing_cells_are_marked_and_new_ones_refused(features: str, error_on_new: bool) -> None:
    fitted = np.where(np.arange(4) == 1, FULL, HOLES)
    model = MissingIndicator(features=features, error_on_new=error_on_new).fit(fitted)
    assert_alike(lower(model, fitted), NUMBERS)


def strings(missing: object) -> pd.DataFrame:
    values = RANDOM.choice(
        np.array(["a", "b", "c", "dd"], dtype=object), size=(40, 2), p=[0.4, 0.3, 0.2, 0.1]
    )
    values[:4, 0], values[:4, 1] = ["a", "b", "c", "dd"], ["dd", "c", "b", "a"]
    values[RANDOM.random((40, 2)) < 0.2] = missing
    return pd.DataFrame({"x": values[:, 0], "y": values[:, 1]}, dtype=object)


TABLES = {
    "objects and nan": (strings(np.nan), np.nan),
    "objects and none": (strings(None), None),
    "strings": (strings(np.nan).astype("str"), np.nan),
    "categories": (strings(np.nan).astype("category"), np.nan),
    "a word": (strings("?"), "?"),
}


@pytest.mark.parametrize(
    "encoder", [OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder(), OneHotEncoder(min_frequency=9)]
)
@pytest.mark.parametrize("fill", ["new", "a", None], ids=["a new value", "a value seen", "the most frequent"])
@pytest.mark.parametrize("table", TABLES)
def test_missing_strings_are_filled_and_then_encoded(table: str, fill: str | None, encoder: Any) -> None:
    frame, missing = TABLES[table]
    strategy = "most_frequent" if fill is None else "constant"
    imputer = SimpleImputer(missing_values=missing, strategy=strategy, fill_value=fill)
    model = make_pipeline(imputer, encoder).fit(frame)
    assert_alike(lower(model, frame), frame.iloc[:14])


def test_an_imputer_leaves_another_kind_of_missing_alone() -> None:
    frame, _ = TABLES["objects and none"]
    model = make_pipeline(SimpleImputer(strategy="most_frequent", missing_values="a"), OneHotEncoder()).fit(
        frame
    )
    assert_alike(lower(model, frame), frame.iloc[:14])


@pytest.mark.parametrize("table", ["objects and nan", "objects and none", "strings", "categories"])
def test_missing_strings_are_marked(table: str) -> None:
    frame, missing = TABLES[table]
    if isinstance(missing, float):
        assert_alike(lower(MissingIndicator().fit(frame), frame), frame.iloc[:14])
    model = make_pipeline(
        SimpleImputer(strategy="most_frequent", missing_values=missing, add_indicator=True), OrdinalEncoder()
    )
    assert_alike(lower(model.fit(frame), frame), frame.iloc[:14])


def test_numbers_and_strings_are_filled_together() -> None:
    frame = strings(np.nan).assign(n=RANDOM.choice([0.5, 1.5, np.nan], 40))
    model = make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()).fit(frame)
    assert_alike(lower(model, frame), frame.iloc[:14])
