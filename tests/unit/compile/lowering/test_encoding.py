"""Encoders on strings, categories and numbers, known, missing and unknown."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
SIZE = 60


def words(missing: object = ...) -> Any:
    values = RANDOM.choice(
        np.array(["a", "b", "c", "dd", "é"], dtype=object), SIZE, p=[0.4, 0.3, 0.2, 0.07, 0.03]
    )
    values[:5] = ["a", "b", "c", "dd", "é"]
    if missing is not ...:
        values[5::9] = missing
    return values


RAW = pd.DataFrame(
    {
        "none": pd.Series(words(None), dtype=object),
        "nan": pd.Series(words(np.nan), dtype=object),
        "str": pd.Series(words(np.nan), dtype="str"),
        "category": pd.Series(words(np.nan)).astype("category"),
        "full": pd.Series(words(), dtype=object),
    }
)
STRANGE = RAW.iloc[:5].copy()
for _row, (_column, _value) in enumerate(
    [("none", "zz"), ("nan", "zz"), ("str", ""), ("full", "zz"), ("full", None)]
):
    STRANGE.loc[_row, _column] = _value
RAW_ROWS = pd.concat([RAW.iloc[:12], STRANGE], ignore_index=True)

NUMERIC = pd.DataFrame(
    {
        "int": RANDOM.integers(0, 4, SIZE),
        "float": RANDOM.choice([0.5, 1.5, np.nan], SIZE),
        "bool": RANDOM.random(SIZE) < 0.5,
        "maybe": pd.Series(np.resize(np.array([True, False, None, True]), SIZE), dtype=object),
        "count": pd.Series(np.resize(np.array([1, None, 2, 1]), SIZE), dtype=object),
    }
)
NUMERIC_ROWS = pd.concat([NUMERIC.iloc[:12], NUMERIC.iloc[:3]], ignore_index=True)
NUMERIC_ROWS.loc[12, "int"] = 77
NUMERIC_ROWS.loc[13, "float"] = 3.0
NUMERIC_ROWS.loc[14, "float"] = np.inf

GROUPING: list[dict[str, Any]] = [
    {},
    {"drop": "first"},
    {"drop": "if_binary"},
    {"min_frequency": 10},
    {"max_categories": 3, "drop": "first"},
    {"min_frequency": 0.2, "drop": "first", "sparse_output": False, "dtype": np.float32},
]


@pytest.mark.parametrize("settings", GROUPING, ids=str)
@pytest.mark.parametrize("unknown", ["error", "ignore", "infrequent_if_exist", "warn"])
def test_one_hot_of_raw_columns(unknown: str, settings: dict[str, Any]) -> None:
    model = OneHotEncoder(handle_unknown=unknown, **settings).fit(RAW)
    assert_alike(lower(model, RAW), RAW_ROWS)


@pytest.mark.parametrize("settings", GROUPING, ids=str)
@pytest.mark.parametrize("unknown", ["error", "ignore", "infrequent_if_exist"])
def test_one_hot_of_numbers(unknown: str, settings: dict[str, Any]) -> None:
    model = OneHotEncoder(handle_unknown=unknown, **settings).fit(NUMERIC)
    assert_alike(lower(model, NUMERIC), NUMERIC_ROWS)


@pytest.mark.parametrize(
    "settings",
    [
        {"drop": ["a", "b", "c", np.nan, "é"]},
        {"categories": [["a", "q"], ["b"], ["c", "z"], ["a", np.nan], ["x", "a"]]},
    ],
    ids=["dropped one by one", "given"],
)
def test_one_hot_of_chosen_categories(settings: dict[str, Any]) -> None:
    model = OneHotEncoder(handle_unknown="ignore", **settings).fit(RAW)
    assert_alike(lower(model, RAW), RAW_ROWS)


ORDINAL: list[dict[str, Any]] = [
    {},
    {"handle_unknown": "use_encoded_value", "unknown_value": -1},
    {"handle_unknown": "use_encoded_value", "unknown_value": np.nan, "encoded_missing_value": -5},
    {"handle_unknown": "use_encoded_value", "unknown_value": -1, "max_categories": 3},
    {"min_frequency": 10, "dtype": np.float32},
]


@pytest.mark.parametrize("settings", ORDINAL, ids=str)
def test_ordinal_of_raw_columns(settings: dict[str, Any]) -> None:
    assert_alike(lower(OrdinalEncoder(**settings).fit(RAW), RAW), RAW_ROWS)


@pytest.mark.parametrize("settings", ORDINAL, ids=str)
def test_ordinal_of_numbers(settings: dict[str, Any]) -> None:
    assert_alike(lower(OrdinalEncoder(**settings).fit(NUMERIC), NUMERIC), NUMERIC_ROWS)


@pytest.mark.parametrize("target", ["number", "two classes", "three classes"])
@pytest.mark.parametrize("frame", [RAW, NUMERIC], ids=["raw", "numbers"])
def test_target_means(frame: pd.DataFrame, target: str) -> None:
    random = np.random.default_rng(3)
    y: Any = {
        "number": random.normal(size=SIZE),
        "two classes": random.choice(["n", "y"], SIZE),
        "three classes": random.choice(["u", "v", "w"], SIZE),
    }[target]
    rows = RAW_ROWS if frame is RAW else NUMERIC_ROWS
    assert_alike(lower(TargetEncoder(random_state=0).fit(frame, y), frame), rows)


@pytest.mark.parametrize(
    "encoder", [OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder()], ids=["one-hot", "ordinal"]
)
def test_raw_columns_and_numbers_in_one_encoder_keep_their_places(encoder: Any) -> None:
    frame = pd.concat([RAW, NUMERIC], axis=1)[["none", "int", "str", "float", "bool", "category"]]
    assert_alike(lower(encoder.fit(frame), frame), frame.iloc[:12])


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()], ids=["one-hot", "ordinal"])
def test_categories_may_be_integers(encoder: Any) -> None:
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "x": pd.Categorical(random.choice([1, 2, 3], 20)),
            "y": pd.Categorical(np.resize(np.array([1, None, 2, 1]), 20)),
        }
    )
    assert_alike(lower(encoder.fit(frame), frame), frame.iloc[:12])


@pytest.mark.parametrize("kind", ["fixed-width", "objects"])
def test_arrays_hold_categories_too(kind: str) -> None:
    columns = (
        RAW[["full"]].assign(other=words())
        if kind == "fixed-width"
        else RAW[["none"]].assign(n=NUMERIC["int"])
    )
    rows = columns.to_numpy().astype(str) if kind == "fixed-width" else columns.to_numpy()
    assert_alike(lower(OneHotEncoder(handle_unknown="ignore").fit(rows), rows), rows[:12])


def test_extension_types_mark_missing_numbers_as_nan() -> None:
    frame = pd.DataFrame(
        {
            "int": pd.array([1, 2, None] * 5, dtype="Int64"),
            "float": pd.array([1.5, None, 2.0] * 5, dtype="Float64"),
            "bool": pd.array([True, None, False] * 5, dtype="boolean"),
        }
    )
    for encoder in (OneHotEncoder(), OrdinalEncoder()):
        assert_alike(lower(encoder.fit(frame), frame), frame.iloc[:4])


def test_pandas_na_among_strings_is_unknown() -> None:
    frame = pd.DataFrame({"x": pd.array(["a", "b", "a"], dtype="string")})
    odd = pd.DataFrame({"x": pd.array(["a", None, "zz"], dtype="string")})
    assert_alike(lower(OneHotEncoder(handle_unknown="ignore").fit(frame), frame), odd)
    assert_alike(lower(OneHotEncoder().fit(frame), frame), odd)


def test_one_column_may_enter_two_encoders_with_other_categories() -> None:
    from sklearn.compose import make_column_transformer

    few = OneHotEncoder(categories=[["b", "a"]], handle_unknown="ignore")
    model = make_column_transformer(
        (few, ["full"]), (OrdinalEncoder(), ["full", "nan"]), (OneHotEncoder(), ["full"])
    )
    assert_alike(lower(model.fit(RAW), RAW), RAW_ROWS)
