from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Corrupt
from hythe.bundle.outcome import Outcome
from hythe.bundle.proof import HIDDEN, Coverage, Deviation, Proof, Refusals, Tolerance, case
from hythe.bundle.schema import Column, Schema

SCHEMA = Schema((Column("x", "float64"), Column("name", "string", sensitive=True)))
ROWS = pa.table({"x": [1.0, float("nan")], "name": ["ana", "bo"]})
ANSWERS = Outcome(
    {"label": np.array(["a", "b"]), "p": np.array([[0.25, 0.75], [1, 0]])}, np.array([False, False])
)
REFUSING = Outcome(ANSWERS.answers, np.array([False, True]))


def proof() -> Proof:
    return Proof(
        variant="onnx",
        verdict="refused",
        tolerance=Tolerance(1e-9, 1e-6),
        rows={"threshold": 2000, "ordinary": 500},
        goldens=512,
        ties=3,
        coverage=(Coverage("thresholds", 990, 1000),),
        deviations=(Deviation("p", 0.05, 5e4, case("ordinary", ROWS, 0, SCHEMA, (ANSWERS, ANSWERS))),),
        refusals=Refusals(both=7),
        reason="the variant answers where the original refuses",
        counterexample=case("missing", ROWS, 1, SCHEMA, (REFUSING, ANSWERS)),
    )


def test_a_proof_comes_back_equal_and_in_one_spelling() -> None:
    raw = proof().encode()
    assert Proof.decode(raw) == proof()
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()


def test_a_case_tells_both_answers_and_a_refusal_from_an_answer() -> None:
    told = proof().counterexample
    assert told is not None
    assert told.original is None
    assert told.variant == {"label": "b", "p": [1.0, 0.0]}


def test_sensitive_values_are_hidden_and_nan_is_a_word() -> None:
    told = proof().counterexample
    assert told is not None
    assert told.row == {"x": "NaN", "name": HIDDEN}


def test_long_tensors_are_shortened() -> None:
    rows = {"pixels": np.zeros((1, 100, 100), dtype=np.float32)}
    told = case("ordinary", rows, 0, Schema(()), (ANSWERS, ANSWERS)).row["pixels"]
    assert told["shape"] == [100, 100]
    assert len(told["first"]) == 64


def test_rows_tried_are_summed_and_only_proven_is_proven() -> None:
    assert proof().tried == 2500
    assert not proof().proven
    assert msgspec.structs.replace(proof(), verdict="proven").proven


def test_fields_of_a_newer_hythe_do_not_stop_an_older_one() -> None:
    document = {**json.loads(proof().encode()), "novelty": 1}
    assert Proof.decode(json.dumps(document).encode()) == proof()


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"variant": 1}', b"\xff"])
def test_bytes_that_are_no_proof_are_corrupt(raw: Any) -> None:
    with pytest.raises(Corrupt, match="the proof cannot be read"):
        Proof.decode(raw)
