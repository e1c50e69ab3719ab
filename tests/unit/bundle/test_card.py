from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import compute
from hythe.bundle.card import write_card
from hythe.bundle.manifest import Lineage, Manifest, ModelFiles, VariantEntry
from hythe.bundle.outcome import Outcome
from hythe.bundle.proof import Coverage, Deviation, Proof, Refusals, Tolerance
from hythe.bundle.rows import Rows, count
from hythe.bundle.schema import Column, Output, Schema, Tensor

SCHEMA = Schema(
    (
        Column("age", "float64"),
        Column("plan|tier", "category", categories=tuple("abcdefgh")),
        Column("name", "string", nullable=True, sensitive=True),
        Column("score", "int64", minimum=0),
    ),
    (Output("label", "str", classes=("no", "yes")), Output("probabilities", "float64", (2,), ("no", "yes"))),
)
MANIFEST = Manifest(
    flavor=ModelFiles("sklearn", "pickle", program=True),
    schema=SCHEMA,
    variants=(
        VariantEntry("native", "proven"),
        VariantEntry("onnx", "proven", proof="proofs/onnx.json"),
        VariantEntry("onnx-int8", "refused", reason="row 3 is off by 0.2"),
    ),
    lineage=Lineage(data={"examples": "sha256:1"}, parent="sha256:0"),
    metrics={"auc": 0.91234567},
    tags={"team": "risk"},
)
PROOF = Proof(
    variant="onnx",
    verdict="proven",
    tolerance=Tolerance(1e-9, 1e-6),
    rows={"threshold": 2000, "ordinary": 500},
    coverage=(Coverage("thresholds", 990, 1000),),
    deviations=(Deviation("probabilities", 7e-16, 1e-7),),
    refusals=Refusals(both=12),
    ties=2,
)
ROWS = pa.table({"age": [20.0, 70.0], "plan|tier": ["a", "b"], "name": ["ana", "bo"], "score": [1, 2]})
OUTCOME = Outcome.answered(
    {"label": np.array(["no", "yes"], dtype=object), "probabilities": np.array([[0.75, 0.25], [0.25, 0.75]])}
)


def constant(rows: Rows) -> Outcome:
    even = np.full((count(rows), 2), 0.5)
    return Outcome.answered({"label": np.repeat("no", count(rows)), "probabilities": even})


BASELINE = compute(ROWS, SCHEMA, OUTCOME, targets=["no", "yes"], predict=constant)
TEXT = write_card(MANIFEST, [PROOF], BASELINE)


def test_a_card_says_what_the_model_takes_and_gives() -> None:
    assert "| age | float64 | no | seen: 20 to 70 |" in TEXT
    assert "| name | string | yes | sensitive |" in TEXT
    assert "| score | int64 | no | 0 to any |" in TEXT
    assert "| probabilities | float64[2] | no, yes |" in TEXT


def test_names_cannot_break_the_tables_and_long_lists_are_cut() -> None:
    assert "| plan\\|tier | category | no | one of a, b, c, d, e, f and 2 more |" in TEXT


def test_a_card_tells_how_each_variant_was_proven_or_why_it_was_refused() -> None:
    assert "- `onnx`: **proven**. Tried on 2500 rows (500 ordinary, 2000 threshold)." in TEXT
    assert "990 of 1000 thresholds reached." in TEXT
    assert "Worst deviation in `probabilities`: 7e-16." in TEXT
    assert "Both refuse 12 rows. 2 ties left out" in TEXT
    assert "The variant `onnx-int8` is refused and does not answer: row 3 is off by 0.2" in TEXT


def test_a_card_shows_quality_importances_lineage_and_limits() -> None:
    assert "| auc | 0.912346 |" in TEXT
    assert "| accuracy on the examples | 1 |" in TEXT
    assert "| Brier score on the examples | 0.0625 |" in TEXT
    assert "Change of `probabilities` when one input is shuffled (2 rows):" in TEXT
    assert "- Data `examples`: `sha256:1`" in TEXT
    assert "- Follows `sha256:0`" in TEXT
    assert "Rows without age, plan|tier, score are refused." in TEXT
    assert "runs a program: trust it first" in TEXT


def test_sensitive_values_do_not_reach_the_card() -> None:
    assert "ana" not in TEXT


def test_a_card_without_baseline_proofs_or_lineage_has_no_empty_sections() -> None:
    bare = Manifest(flavor=ModelFiles("onnx", "onnx"), schema=Schema((Tensor("x", "float32", (-1, 3)),)))
    text = write_card(bare, (), None, notes="For *internal* use.")
    assert text == (
        "# Model card\n\nFor *internal* use.\n\nA `onnx` model, stored as `onnx`.\n\n## What it takes\n\n"
        "| input | type | may be missing | values |\n| --- | --- | --- | --- |\n"
        "| x | float32[any, 3] | no |  |\n"
    )


def test_a_card_is_the_same_each_time() -> None:
    again = msgspec.structs.replace(MANIFEST, tags=dict(reversed(MANIFEST.tags.items())))
    assert write_card(again, [PROOF], BASELINE) == TEXT
    assert str(Path.cwd()) not in TEXT
