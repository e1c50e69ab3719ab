"""Versions that say what they take and give, and hold nothing that could answer."""

from __future__ import annotations

from hythe.bundle.manifest import MANIFEST, ONNX, Manifest, ModelFiles, VariantEntry
from hythe.bundle.schema import Column, Output, Schema
from hythe.registry.records import VersionRecord
from hythe.registry.registry import Registry

SCHEMA = Schema(
    (Column("tenure", "int64", minimum=0, maximum=100), Column("contract", "string"), Column("id", "string")),
    (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))),
)


def add_version(
    registry: Registry, number: str, schema: Schema = SCHEMA, name: str = "churn"
) -> VersionRecord:
    """Register a version of a schema; its proven variant has no files."""
    manifest = Manifest(
        flavor=ModelFiles("sklearn", "skops"),
        schema=schema,
        variants=(VariantEntry(ONNX, "proven"),),
        tags={"number": number},
    )
    return registry.add(name, {MANIFEST: manifest.encode()}, actor="ana", version=number)
