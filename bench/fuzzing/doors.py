"""Valid documents of every door that takes JSON, and where each goes."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

import numpy as np

from fuzzing.subjects import SUBJECTS, Subject

DTYPES = {
    "BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "BF16": "<u2",
}  # fmt: skip
TARGET = "X-Amzn-SageMaker-Target-Model"


def some_rows(rng: Random, subject: Subject) -> list[dict[str, Any]]:
    """Give one to three rows of a subject."""
    return [dict(rng.choice(subject.rows)) for _ in range(rng.randint(1, 3))]


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def native(rng: Random, subject: Subject) -> tuple[str, Any, tuple[str, ...]]:
    """Make a body of `/predict`: rows, columns or one row."""
    rows = some_rows(rng, subject)
    document = rng.choice(({"rows": rows}, {"columns": columns_of(rows)}, rows[0]))
    return f"/predict/{subject.name}", document, ()


def kserve(rng: Random, subject: Subject) -> tuple[str, Any, tuple[str, ...]]:
    """Make a body of KServe's version 1: instances or inputs."""
    rows = some_rows(rng, subject)
    lists = [list(row.values()) for row in rows]
    documents: list[Any] = [{"instances": rows}, {"instances": lists}, {"inputs": columns_of(rows)}]
    if len(subject.inputs) == 1:
        documents += [{"instances": [base64_of(subject, row) for row in rows]}]
    version = rng.choice(("", "", "/versions/1.0.0", "/versions/9"))
    return f"/v1/models/{subject.name}{version}:predict", rng.choice(documents), ()


def mlflow(rng: Random, subject: Subject) -> tuple[str, Any, tuple[str, ...]]:
    """Make one of MLflow's four bodies for `/invocations`."""
    rows = some_rows(rng, subject)
    split = {"columns": list(rows[0]), "index": [0], "data": [list(row.values()) for row in rows]}
    documents: list[Any] = [
        {"dataframe_split": split}, {"dataframe_records": rows}, {"instances": rows},
        {"inputs": columns_of(rows), "params": {}},
    ]  # fmt: skip
    name = rng.choice(
        (f"{TARGET}: {subject.name}", f"X-Amzn-SageMaker-Custom-Attributes: endpoint={subject.name}")
    )
    return "/invocations", rng.choice(documents), (name,)


def vertex(rng: Random, subject: Subject) -> tuple[str, Any, tuple[str, ...]]:
    """Make a body of Vertex AI."""
    document = {"instances": some_rows(rng, subject), "parameters": {"endpoint": subject.name}}
    return "/vertex/predict", document, ()


def inference(rng: Random, subject: Subject) -> tuple[str, Any, tuple[str, ...]]:
    """Make a body of the Open Inference Protocol with JSON data."""
    rows = some_rows(rng, subject)
    tensors: list[dict[str, Any]] = [
        {
            "name": name, "datatype": datatype, "shape": [len(rows), *(shape or rng.choice(((), (1,))))],
            "data": [row[name] for row in rows],
        }
        for name, datatype, shape in subject.inputs
    ]  # fmt: skip
    document: dict[str, Any] = {
        "id": "x",
        "inputs": tensors,
        "parameters": {"binary_data_output": rng.random() < 0.3},
    }
    if rng.random() < 0.3:
        document["outputs"] = [{"name": "label", "parameters": {"binary_data": True}}]
    return f"/v2/models/{subject.name}/infer", document, ()


def base64_of(subject: Subject, row: dict[str, Any]) -> dict[str, str]:
    """Write the one input of a row as base64."""
    return {"b64": base64.b64encode(packed(subject.inputs[0][1], [row[subject.inputs[0][0]]])).decode()}


def packed(datatype: str, values: list[Any]) -> bytes:
    """Write values as the bytes of a binary tensor; texts have their length before them."""
    if datatype == "BYTES":
        texts = [str(value).encode() for value in values]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    numbers = np.array(
        [value if isinstance(value, (int, float)) else np.nan for value in values], dtype=np.float64
    )
    with np.errstate(all="ignore"):
        return numbers.astype(DTYPES[datatype]).tobytes()


DOORS = {
    "json": native, "kserve v1": kserve, "invocations": mlflow, "vertex": vertex, "open inference": inference,
}  # fmt: skip


def any_subject(rng: Random) -> Subject:
    """Choose a subject."""
    return rng.choice(SUBJECTS)
