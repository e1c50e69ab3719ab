"""Pipelines, unions and column transformers, on tables and on arrays."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from hythe.bundle.frames import to_rows
from hythe.compile.compiler import compile_model
from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
SIZE = 120
ROWS = RANDOM.normal(size=(40, 4))
TABLE = pd.DataFrame(ROWS, columns=list("abcd"))
ODD = np.array([[np.nan, 1.0, 2.0, 3.0], [1.0, np.inf, 2.0, 3.0], [1.0, 2.0, np.nan, -np.inf], [0.0] * 4])


def mixed() -> pd.DataFrame:
    frame = pd.DataFrame(RANDOM.normal(size=(SIZE, 4)), columns=["n0", "n1", "n2", "n3"])
    frame.loc[::7, "n1"] = np.nan
    frame["count"] = RANDOM.integers(0, 5, SIZE)
    frame["flag"] = RANDOM.random(SIZE) < 0.5
    words = np.array(["a", "b", "c", "é"], dtype=object)
    for name in ("object", "none", "str", "category"):
        values = words[RANDOM.choice(4, SIZE, p=[0.4, 0.3, 0.2, 0.1])]
        values[3::11] = None if name == "none" else np.nan
        frame[name] = pd.Series(values, dtype=object)
    frame["str"] = frame["str"].astype("str")
    frame["category"] = frame["category"].astype("category")
    return frame


MIXED = mixed()
TARGET = np.where(MIXED["n0"] + RANDOM.normal(size=SIZE) > 0, "yes", "no")


def mixed_columns(**unknown: Any) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include=["number"])),
            ("words", OneHotEncoder(**unknown), ["object", "none", "str", "category"]),
        ],
        remainder="passthrough",
    )


STRANGE = MIXED.iloc[:8].copy()
STRANGE.loc[0, "n0"] = np.nan
STRANGE.loc[1, "n1"] = np.inf
STRANGE.loc[2, "n3"] = -np.inf
STRANGE.loc[3, "object"] = "never seen"
STRANGE.loc[4, "str"] = ""
STRANGE.loc[5, "none"] = "A"
MIXED_ROWS = pd.concat([MIXED.iloc[:15], STRANGE], ignore_index=True)


@pytest.mark.parametrize("unknown", ["ignore", "error"])
@pytest.mark.parametrize(
    "last", [LogisticRegression(), DecisionTreeClassifier(random_state=0)], ids=["linear", "tree"]
)
def test_a_mixed_table_is_answered_as_the_original_does(last: Any, unknown: str) -> None:
    model = make_pipeline(mixed_columns(handle_unknown=unknown), last).fit(MIXED, TARGET)
    assert_alike(lower(model, MIXED), MIXED_ROWS)


def test_a_mixed_table_is_transformed_as_the_original_does() -> None:
    model = mixed_columns(handle_unknown="infrequent_if_exist", min_frequency=20).fit(MIXED)
    assert_alike(lower(model, MIXED), MIXED_ROWS)


def test_decoded_rows_answer_as_tables_do() -> None:
    from types import SimpleNamespace

    model = make_pipeline(mixed_columns(handle_unknown="ignore"), LogisticRegression()).fit(MIXED, TARGET)
    pair = lower(model, MIXED)
    table = to_rows(MIXED_ROWS)
    assert isinstance(table, pa.Table)
    objects = [SimpleNamespace(**row) for row in table.to_pylist()]
    wanted, got = pair.lowered.predict(table), pair.lowered.run(pair.lowered.feed(objects))
    np.testing.assert_array_equal(got.refused, wanted.refused)
    kept = ~wanted.refused
    np.testing.assert_allclose(
        got.answers["probabilities"][kept], wanted.answers["probabilities"][kept], rtol=1e-12
    )


@pytest.mark.parametrize(
    "transformer",
    [
        ColumnTransformer([("a", StandardScaler(), [0, 2]), ("b", MinMaxScaler(), [3])]),
        ColumnTransformer(
            [("a", StandardScaler(), slice(1, 3)), ("b", "drop", [0])], remainder="passthrough"
        ),
        ColumnTransformer([("a", "passthrough", [True, False, False, True])], remainder=MaxAbsScaler()),
        ColumnTransformer(
            [("a", StandardScaler(), [-1]), ("b", MinMaxScaler(), [])], transformer_weights={"a": 0.3}
        ),
    ],
    ids=["positions", "slice", "mask", "weights"],
)
def test_columns_of_an_array_are_found_by_position(transformer: Any) -> None:
    assert_alike(lower(transformer.fit(ROWS), ROWS), np.vstack([ROWS[:4], ODD]))


@pytest.mark.parametrize(
    "transformer",
    [
        ColumnTransformer([("a", StandardScaler(), ["c", "a"])], remainder="passthrough"),
        ColumnTransformer([("a", StandardScaler(), slice("b", "c"))], remainder=MinMaxScaler()),
        ColumnTransformer([("a", StandardScaler(), make_column_selector("a|c"))]),
    ],
    ids=["names", "slice", "selector"],
)
def test_columns_of_a_table_are_found_by_name_in_whatever_order(transformer: Any) -> None:
    shuffled = TABLE[["d", "b", "a", "c"]]
    transformer.fit(TABLE)
    assert_alike(lower(transformer, TABLE), TABLE.iloc[:5])
    if transformer.transformers[0][2] == ["c", "a"]:
        assert_alike(lower(transformer, shuffled), shuffled.iloc[:5])


def test_a_step_that_gives_a_table_names_columns_for_the_next() -> None:
    first = ColumnTransformer([("a", StandardScaler(), ["c", "a"])], remainder="passthrough")
    second = ColumnTransformer([("z", MinMaxScaler(), ["a__a", "remainder__d"])], remainder="passthrough")
    model = make_pipeline(first, second).set_output(transform="pandas").fit(TABLE)
    assert_alike(lower(model, TABLE), TABLE.iloc[:5])


def test_a_union_puts_its_members_side_by_side() -> None:
    members = [("a", StandardScaler()), ("b", "passthrough"), ("c", "drop"), ("d", MinMaxScaler())]
    model = FeatureUnion(members, transformer_weights={"a": 2.5}).fit(ROWS)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:4], ODD]))


@pytest.mark.parametrize(
    "last", [StandardScaler(), "passthrough", None], ids=["scaler", "passthrough", "none"]
)
def test_steps_may_pass_and_the_last_may_transform(last: Any) -> None:
    model = Pipeline([("a", "passthrough"), ("b", MinMaxScaler()), ("c", last)]).fit(ROWS)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:4], ODD]))


@pytest.mark.parametrize(
    "inner",
    [KMeans(2, n_init=1, random_state=0), LinearDiscriminantAnalysis()],
    ids=["means", "discriminant"],
)
def test_what_predicts_at_the_end_transforms_in_the_middle(inner: Any) -> None:
    model = make_column_transformer((make_pipeline(StandardScaler(), inner), [0, 1]), remainder="passthrough")
    pair = lower(make_pipeline(model, LogisticRegression()).fit(ROWS, ROWS[:, 0] > 0), ROWS)
    assert_alike(pair, np.vstack([ROWS[:6], ODD]))


def test_numbers_texts_and_categories_go_together() -> None:
    frame = pd.DataFrame(
        {
            "note": ["late again", "", "the bill, again!", "late bill"] * 5,
            "plan": ["gold", "silver", "gold", None] * 5,
            "age": np.arange(20.0),
        }
    ).astype({"plan": object})
    model = make_column_transformer(
        (TfidfVectorizer(), "note"), (OrdinalEncoder(), ["plan"]), (StandardScaler(), ["age"])
    ).fit(frame)
    odd = pd.DataFrame({"note": [None, "unknown words"], "plan": ["gold", "silver"], "age": [1.0, np.nan]})
    assert_alike(lower(model, frame), pd.concat([frame.iloc[:5], odd], ignore_index=True))


def test_a_usual_pipeline_takes_few_nodes() -> None:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, ["n0", "n1"]), (OneHotEncoder(handle_unknown="ignore"), ["str", "none"])
    )
    pair = lower(make_pipeline(columns, LogisticRegression()).fit(MIXED, TARGET), MIXED)
    graph = onnx.load_from_string(compile_model(pair.model, pair.schema).graph).graph
    operators = [node.op_type for node in graph.node if node.op_type != "Identity"]
    assert len(operators) <= 16, operators


def test_raw_columns_in_a_step_for_numbers_are_named() -> None:
    model = make_column_transformer((OrdinalEncoder(), ["str"]), remainder="passthrough").fit(MIXED)
    with pytest.raises(CannotLower, match="'object'"):
        lower(model, MIXED.assign(object=MIXED["object"].fillna("x")))
