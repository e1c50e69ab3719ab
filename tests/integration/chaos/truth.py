"""What is served while things break, and what scikit-learn says that it must answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from hythe.bundle.feed import Feed
from hythe.bundle.schema import Column, Output, Schema
from hythe.bundle.variant import Variant
from hythe.compile.graph import Graph
from hythe.dataplane.spec import EndpointSpec, NativeFiles, OnnxFiles, VersionSpec
from hythe.rollout.plan import Plan
from hythe.testing.tiny import DIGEST

ONNX, NATIVE = "churn", "churn-native"
"""One model twice: as a graph, inside the workers; and as a program, in their children."""
ANSWER = "value"
_NAMES = ("a", "b", "c")
_ROWS = 50_000
_CODE = """
from math import exp

def predict(rows):
    return [1.0 / (1.0 + exp(-({intercept!r} + {sum}))) for row in rows]
"""


@dataclass(frozen=True)
class Truth:
    """Endpoints, and distinct rows with the probability of class 1 of each."""

    endpoints: tuple[EndpointSpec, ...]
    rows: list[dict[str, float]]
    answers: list[float]


def learned(folder: Path) -> Truth:
    """Fit a logistic regression, lay its two forms out in `folder`, and have it answer rows."""
    rng = np.random.default_rng(7)
    seen = pd.DataFrame(rng.normal(size=(300, 3)), columns=list(_NAMES))
    model = LogisticRegression().fit(seen, (seen.a + seen.b > 0).astype(int))
    rows = pd.DataFrame(rng.normal(size=(_ROWS, 3)), columns=list(_NAMES))
    answers = model.predict_proba(rows)[:, 1].tolist()
    weights, intercept = model.coef_[0].tolist(), float(model.intercept_[0])
    endpoints = (
        _endpoint(ONNX, _graph(folder, weights, intercept)),
        _endpoint(NATIVE, _program(folder, weights, intercept)),
    )
    found = [dict(zip(_NAMES, row, strict=True)) for row in rows.to_numpy().tolist()]
    return Truth(endpoints, found, answers)


def _endpoint(name: str, files: OnnxFiles | NativeFiles) -> EndpointSpec:
    columns = tuple(Column(column, "float64") for column in _NAMES)
    schema = Schema(columns, (Output(ANSWER, "float64"),), container="dicts")
    return EndpointSpec(
        name, Plan.of("1.0.0", DIGEST), (VersionSpec("1.0.0", DIGEST, schema, files),), example=None
    )


def _graph(folder: Path, weights: list[float], intercept: float) -> OnnxFiles:
    graph = Graph()
    numbers = graph.input("numbers", np.float64, len(weights))
    score = numbers.column(0) * weights[0]
    for place, weight in enumerate(weights[1:], start=1):
        score = score + numbers.column(place) * weight
    made = graph.build({ANSWER: (score + intercept).apply("Sigmoid")})
    files = OnnxFiles(str(folder / "model.onnx"), str(folder / "variant.json"))
    Path(files.graph).write_bytes(made.SerializeToString())
    Path(files.variant).write_bytes(Variant(Feed(numbers=_NAMES), (ANSWER,)).encode())
    return files


def _program(folder: Path, weights: list[float], intercept: float) -> NativeFiles:
    terms = [f"{weight!r} * row[{name!r}]" for weight, name in zip(weights, _NAMES, strict=True)]
    (folder / "model").mkdir()
    (folder / "code").mkdir()
    (folder / "model" / "python.json").write_text(json.dumps({"module": "logistic", "name": "predict"}))
    code = _CODE.format(intercept=intercept, sum=" + ".join(terms))
    (folder / "code" / "logistic.py").write_text(code)
    return NativeFiles("python", "source", str(folder))
