from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hythe.base.errors import Corrupt, Invalid, NotFound, Unsupported
from hythe.bundle.manifest import Lineage, Manifest, ModelFiles, VariantEntry
from hythe.bundle.schema import Column, Output, Schema


def manifest() -> Manifest:
    return Manifest(
        flavor=ModelFiles("sklearn", "skops", requirements=("scikit-learn", "skops")),
        schema=Schema(
            (Column("age", "float64", nullable=True), Column("c", "category", categories=(1.0, 2.5))),
            (Output("label", "str", classes=("no", "yes")),),
        ),
        variants=(
            VariantEntry("native", "proven", "model"),
            VariantEntry("onnx", "refused", proof="proofs/onnx.json", reason="row 3 differs"),
        ),
        goldens="goldens.arrow",
        lineage=Lineage(data={"examples": "sha256:00"}),
        metrics={"auc": 0.91},
        parameters={"max_iter": 100, "C": 0.5, "penalty": None},
        tags={"team": "risk"},
    )


def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(manifest().encode())
    return read


def test_a_manifest_comes_back_equal_and_in_one_spelling() -> None:
    raw = manifest().encode()
    assert Manifest.decode(raw) == manifest()
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()


def test_float_categories_stay_floats() -> None:
    categories = Manifest.decode(manifest().encode()).schema.columns[1].categories
    assert categories is not None
    assert [type(value) for value in categories] == [float, float]


def test_fields_of_a_newer_hythe_come_through_wherever_they_stand() -> None:
    newer = document()
    newer["seals"] = {"by": ["x"]}
    newer["flavor"]["abi"] = 3
    newer["variants"][1]["quantised"] = {"bits": 8}
    newer["schema"]["inputs"][0]["unit_of_measure"] = "years"
    newer["empty"] = {}
    raw = json.dumps(newer).encode()
    assert json.loads(Manifest.decode(raw).encode()) == newer


def test_unknown_fields_survive_a_change_and_what_is_known_wins() -> None:
    newer = document()
    newer["variants"][1]["quantised"] = True
    newer["schema"]["inputs"][1]["nullable"] = False
    read = Manifest.decode(json.dumps(newer).encode())
    onnx = msgspec.structs.replace(read.variant("onnx"), status="proven")
    schema = read.schema.replacing("c", nullable=True)
    changed = msgspec.structs.replace(read, variants=(onnx,), schema=schema)
    written = json.loads(changed.encode())
    assert written["variants"] == [{**newer["variants"][1], "status": "proven"}]
    assert written["schema"]["inputs"][1]["nullable"] is True


def test_a_format_from_a_newer_hythe_is_refused_clearly() -> None:
    with pytest.raises(Unsupported, match="has format 2; this Hythe reads up to 1; upgrade Hythe"):
        Manifest.decode(json.dumps({"format": 2, "whatever": []}).encode())


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"format": "1"}', b'{"format": true}', b'{"format": 1}', b"\xff"]
)
def test_what_is_no_manifest_is_corrupt(raw: Any) -> None:
    with pytest.raises(Corrupt, match=r"hythe\.json"):
        Manifest.decode(raw)


def test_a_wrong_field_is_named_by_its_path() -> None:
    wrong = document()
    wrong["variants"][0]["status"] = "perhaps"
    with pytest.raises(Corrupt, match=r"\$\.variants\[0\]\.status"):
        Manifest.decode(json.dumps(wrong).encode())


def test_variants_are_found_by_name() -> None:
    assert manifest().variant("onnx").reason == "row 3 differs"
    with pytest.raises(NotFound, match="no variant 'int8'; its variants are: native, onnx"):
        manifest().variant("int8")


def test_metrics_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(Invalid, match="NaN"):
        msgspec.structs.replace(manifest(), metrics={"auc": float("nan")}).encode()
