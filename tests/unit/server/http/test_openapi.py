"""The description fits what the doors do."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from hythe.bundle.schema import Column, Schema, Tensor
from hythe.runtime.batch import reader
from hythe.server.http.openapi import describe
from hythe.server.http.openapi_rows import example_row, row_schema
from hythe.testing.tiny import tiny_endpoint


async def test_the_example_fits_its_own_schema_and_is_answered(call: Any) -> None:
    document = (await call("GET", "/openapi.json")).document
    assert document["openapi"] == "3.1.0"
    content = document["paths"]["/predict/churn"]["post"]["requestBody"]["content"]["application/json"]
    jsonschema.Draft202012Validator(content["schema"]).validate(content["example"])
    reply = await call("POST", "/predict/churn", content["example"])
    assert reply.status == 200
    answers = document["paths"]["/predict/churn"]["post"]["responses"]["200"]["content"]["application/json"]
    jsonschema.Draft202012Validator(answers["schema"]).validate(reply.document)


async def test_a_wrong_method_is_told_which_are_right(call: Any) -> None:
    reply = await call("DELETE", "/predict/churn")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_every_path_that_is_described_exists(call: Any) -> None:
    document = (await call("GET", "/openapi.json")).document
    for path, methods in document["paths"].items():
        for method in methods:
            reply = await call(method.upper(), path, {})
            assert reply.status not in {404, 405}, path


@pytest.mark.parametrize(
    "schema",
    [
        Schema(
            (
                Column("i", "int8", minimum=3),
                Column("u", "uint64", nullable=True),
                Column("f", "float32", minimum=-1.5, maximum=-0.5),
                Column("b", "bool"),
                Column("s", "string", nullable=True),
                Column("k", "category", categories=("a", "b"), nullable=True),
                Column("t", "timestamp", zone="UTC"),
                Column("n", "timestamp"),
            )
        ),
        Schema((Tensor("pixels", "float32", (2, -1)),), container="tensors"),
    ],
    ids=["columns", "tensors"],
)
def test_an_example_of_any_schema_is_a_row_that_fits(schema: Schema, tmp_path: Path) -> None:
    spec = tiny_endpoint(tmp_path)
    version = msgspec.structs.replace(spec.versions[0], schema=schema)
    spec = msgspec.structs.replace(spec, versions=(version,))
    row = example_row(spec)
    jsonschema.Draft202012Validator(row_schema(schema)).validate(row)
    assert reader(schema).decode(json.dumps(row).encode()) is not None
    assert describe([spec])["paths"]["/predict/churn"]
