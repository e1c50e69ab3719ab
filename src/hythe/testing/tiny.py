"""A small proven model made by hand, for tests of whatever serves one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hythe.bundle.feed import Coded, Feed
from hythe.bundle.schema import Column, Output, Schema
from hythe.bundle.variant import REFUSED, Variant
from hythe.compile.graph import Graph
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.rollout.plan import Plan

DIGEST = "sha256:" + "0a" * 32
CONTRACTS = {"monthly": 1.0, "yearly": -0.5}


@dataclass(frozen=True, slots=True)
class Tiny:
    """A graph, its layout and its schema."""

    graph: bytes
    variant: Variant
    schema: Schema


def tiny_classifier(*, refuses_all: bool = False, shift: float = 0.0) -> Tiny:
    """Make a logistic model of `tenure`, `total charges` (may be missing) and `contract`.

    It refuses rows whose charges are infinite, or `refuses_all`. `expected` gives its answers by plain
    arithmetic; with a `shift` so much is added before the logistic function.
    """
    schema = Schema(
        (
            Column("tenure", "int64", minimum=0, maximum=100),
            Column("total charges", "float64", nullable=True),
            Column("contract", "string"),
        ),
        (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))),
    )
    feed = Feed(numbers=("tenure", "total charges"), codes=(Coded("contract", tuple(CONTRACTS)),))
    graph = Graph()
    numbers = graph.input("numbers", np.float64, 2)
    codes = graph.input("codes", np.int64, 1)
    charges = numbers.column(1)
    filled = graph.where(charges.is_nan(), 50.0, charges)
    effects = graph.constant(np.array([0.0, 0.0, *CONTRACTS.values()]))
    score = (
        numbers.column(0) * -0.05
        + filled * 0.01
        + graph.op("Gather", effects, codes.column(0), dtype=np.float64)
    )
    if shift:
        score = score + shift
    yes = score.apply("Sigmoid").reshape(-1, 1)
    outputs = {
        "label": (yes.column(0) > 0.5).cast(np.int64),
        "probabilities": graph.concat([1.0 - yes, yes]),
        REFUSED: numbers.column(0) > -1.0 if refuses_all else charges.is_inf(),
    }
    variant = Variant(feed, ("label", "probabilities"), {"label": (("no", "yes"),)}, guarded=True)
    return Tiny(graph.build(outputs).SerializeToString(deterministic=True), variant, schema)


def tiny_endpoint(folder: Path, name: str = "churn", *, refuses_all: bool = False) -> EndpointSpec:
    """Write the tiny classifier's files into `folder` and make the endpoint that serves them."""
    tiny = tiny_classifier(refuses_all=refuses_all)
    graph, variant = folder / "model.onnx", folder / "variant.json"
    graph.write_bytes(tiny.graph)
    variant.write_bytes(tiny.variant.encode())
    version = VersionSpec("1.0.0", DIGEST, tiny.schema, OnnxFiles(str(graph), str(variant)))
    return EndpointSpec(name, Plan.of("1.0.0", DIGEST), (version,))


def expected(row: dict[str, Any]) -> float:
    """Give the probability of `yes` for one row."""
    charges = row.get("total charges")
    effect = CONTRACTS.get(row["contract"], 0.0)
    score = -0.05 * row["tenure"] + 0.01 * (50.0 if charges is None else charges) + effect
    return 1.0 / (1.0 + math.exp(-score))
