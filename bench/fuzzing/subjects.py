"""The endpoints that are fuzzed: mixed columns, numbers, tensors of fixed and of free shape, texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from onnx import TensorProto, helper
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import hythe
from hythe.testing.tensors import image_endpoint, text_endpoint

NUMBERS = ("a", "b", "c", "d", "e")
_ROWS = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """An endpoint: rows that it answers, and its inputs as (name, datatype, shape without the row axis)."""

    name: str
    rows: tuple[dict[str, Any], ...]
    inputs: tuple[tuple[str, str, tuple[int, ...]], ...]


SUBJECTS = (
    Subject(
        "mixed",
        (
            {"tenure": 4, "charges": 20.5, "contract": "monthly", "plan": "basic", "paperless": True},
            {"tenure": 60, "charges": None, "contract": "two years", "plan": "plus", "paperless": False},
            {"tenure": 1, "charges": -3e5, "contract": "grüß dich", "plan": "basic", "paperless": True},
        ),
        (
            ("tenure", "INT64", ()), ("charges", "FP64", ()), ("contract", "BYTES", ()),
            ("plan", "BYTES", ()), ("paperless", "BOOL", ()),
        ),
    ),
    Subject(
        "numbers",
        tuple({name: float(i * 7 - j) for j, name in enumerate(NUMBERS)} for i in range(3)),
        tuple((name, "FP64", ()) for name in NUMBERS),
    ),
    Subject(
        "image",
        ({"image": np.arange(12).reshape(2, 2, 3).tolist()}, {"image": np.full((2, 2, 3), 255).tolist()}),
        (("image", "UINT8", (2, 2, 3)),),
    ),
    Subject("wave", ({"wave": [0.5, 1.5, -2.0]}, {"wave": [1.0, 2.0, 3.0]}), (("wave", "FP32", (3,)),)),
    Subject("text", ({"text": "grüß dich"}, {"text": ""}, {"text": "x\u0000y"}), (("text", "BYTES", ()),)),
)  # fmt: skip


def pack_all(folder: Path, home: Path) -> None:
    """Fit or write the models, and pack them."""
    _pack_mixed(home)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.normal(size=_ROWS) for name in NUMBERS})
    hythe.pack(LinearRegression().fit(table, table.sum(axis=1)), "numbers", examples=table, home=home)
    image_endpoint(folder)
    pixels = rng.integers(0, 256, (20, 2, 2, 3)).astype(np.uint8)
    hythe.pack(str(folder / "image.onnx"), "image", examples={"image": pixels}, home=home)
    waves = rng.normal(size=(20, 3)).astype(np.float32)
    hythe.pack(str(_wave(folder)), "wave", examples={"wave": waves}, home=home)
    text_endpoint(folder)
    texts = np.array(["grüß dich", "a", "", "long " * 9], dtype=object)
    hythe.pack(str(folder / "text.onnx"), "text", examples={"text": texts}, home=home)


def _pack_mixed(home: Path) -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({
        "tenure": rng.integers(0, 72, _ROWS),
        "charges": np.where(rng.random(_ROWS) < 0.1, np.nan, rng.normal(50, 20, _ROWS)),
        "contract": rng.choice(["monthly", "yearly", "two years"], _ROWS),
        "plan": pd.Categorical(rng.choice(["basic", "plus"], _ROWS)),
        "paperless": rng.random(_ROWS) < 0.5,
    })  # fmt: skip
    labels = np.where(table["tenure"] + rng.normal(0, 10, _ROWS) > 36, "stays", "leaves")
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["tenure", "charges"]),
        (OneHotEncoder(handle_unknown="ignore"), ["contract", "plan"]),
        ("passthrough", ["paperless"]),
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(table, labels)
    hythe.pack(model, "mixed", examples=table, home=home)


def _wave(folder: Path) -> Path:
    """Write a model that answers each wave, float32 of any length, with its mean: `level`."""
    nodes = [helper.make_node("ReduceMean", ["wave"], ["level"], keepdims=0, axes=[1])]
    takes = helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["rows", "length"])
    gives = helper.make_tensor_value_info("level", TensorProto.FLOAT, ["rows"])
    graph = helper.make_graph(nodes, "wave", [takes], [gives])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / "wave.onnx"
    path.write_bytes(model.SerializeToString())
    return path
