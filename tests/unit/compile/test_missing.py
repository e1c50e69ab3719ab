"""Whether a column may be missing is found by asking the original, all columns in one batch first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from hythe.bundle.frames import to_native, to_rows
from hythe.bundle.infer import infer
from hythe.bundle.schema import Schema, Tensor
from hythe.compile.missing import accepts_missing

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "imputed": RNG.normal(size=60),
        "count": RNG.integers(0, 9, 60),
        "switch": RNG.random(60) < 0.5,
        "plan": RNG.choice(["a", "b"], 60),
        "grade": RNG.choice(["x", "y"], 60),
    }
)


def test_columns_that_a_pipeline_imputes_or_ignores_may_be_missing() -> None:
    prepare = ColumnTransformer(
        [
            ("imputed", SimpleImputer(), ["imputed"]),
            ("bare", "passthrough", ["count", "switch"]),
            ("plan", OneHotEncoder(handle_unknown="ignore"), ["plan"]),
            ("grade", OneHotEncoder(), ["grade"]),
        ]
    )
    model = make_pipeline(prepare, LogisticRegression()).fit(FRAME, np.arange(60) % 2)
    schema = infer(FRAME)
    asked: list[int] = []

    def original(rows: Any) -> Any:
        asked.append(rows.num_rows)
        return {"label": model.predict(to_native(rows, schema))}

    assert accepts_missing(original, to_rows(FRAME), schema) == ("imputed", "plan")
    assert asked[0] == 5
    assert len(asked) <= 9


def test_an_original_that_takes_everything_is_asked_once() -> None:
    asked: list[int] = []

    def original(rows: Any) -> Any:
        asked.append(rows.num_rows)
        return {"value": np.zeros(rows.num_rows)}

    assert accepts_missing(original, to_rows(FRAME), infer(FRAME)) == tuple(FRAME.columns)
    assert asked == [5]


def test_columns_with_missing_examples_are_not_asked_about() -> None:
    schema = infer(FRAME).replacing("count", nullable=True).replacing("switch", nullable=True)

    def original(rows: Any) -> Any:
        assert rows.num_rows <= 3
        raise ValueError("no")

    assert accepts_missing(original, to_rows(FRAME), schema) == ("count", "switch")


def test_tensors_are_never_missing() -> None:
    schema = Schema((Tensor("x", "float32", (2,)),), container="tensors")
    assert accepts_missing(lambda _: {}, {"x": np.zeros((1, 2), np.float32)}, schema) == ()
