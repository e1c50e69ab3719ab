from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hythe.base.errors import Invalid
from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.registry.versions import Change, Contents, Version, propose

AGE = Column("age", "int64", minimum=0, maximum=120)
CITY = Column("city", "category", categories=("bern", "oslo"))
LABEL = Output("label", "string", classes=("no", "yes"))
SCHEMA = Schema((AGE, CITY), (LABEL,))
FILES = {"hythe.json": "h1", "model/m": "m1", "card.md": "c1", "baseline.json": "b1"}


def test_precedence_is_that_of_the_specification() -> None:
    # semver.org, section 11.
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.11.0", "2.0.0",
    ]  # fmt: skip
    assert [str(version) for version in sorted(map(Version.parse, reversed(ordered)))] == ordered


@pytest.mark.parametrize("text", ["1", "1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0 ", "1.0.٣"])
def test_what_is_no_semver_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"write MAJOR\.MINOR\.PATCH"):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "change", "bumped"),
    [
        ("1.4.2", "patch", "1.4.3"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "major", "2.0.0"),
        ("1.4.2+cpu", "patch", "1.4.3"),
        ("2.0.0-rc.1", "patch", "2.0.0"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.1.0-rc.1", "major", "3.0.0"),
        ("2.1.0-rc.1", "minor", "2.1.0"),
        ("2.1.1-rc.1", "minor", "2.2.0"),
    ],
)
def test_a_bump_gives_the_next_release(text: str, change: Change, bumped: str) -> None:
    assert str(Version.parse(text).bump(change)) == bumped


def proposal(schema: Schema = SCHEMA, **files: str) -> tuple[Change, str]:
    after = {**FILES, **{path.replace("__", "/"): digest for path, digest in files.items()}}
    found = propose(Contents(SCHEMA, FILES), Contents(schema, after))
    return found.change, "; ".join(found.reasons)


def with_inputs(*inputs: Any) -> Schema:
    return replace(SCHEMA, inputs=inputs)


BREAKING = {
    "input 'city' is gone": with_inputs(AGE),
    "input 'town' is newly required": with_inputs(AGE, replace(CITY, name="town")),
    "has another type: int64 became float64": with_inputs(replace(AGE, type="float64"), CITY),
    "lost categories": with_inputs(AGE, replace(CITY, categories=("bern",))),
    "has tighter limits": with_inputs(replace(AGE, maximum=100), CITY),
    "has another type": with_inputs(Tensor("age", "int64", ()), CITY),
    "output 'label' is gone": replace(SCHEMA, outputs=(Output("value", "float64"),)),
    "output 'label' has another type": replace(SCHEMA, outputs=(replace(LABEL, classes=("a", "b")),)),
}
COMPATIBLE = {
    "optional input": with_inputs(AGE, CITY, Column("new", "float64", nullable=True)),
    "more categories": with_inputs(AGE, replace(CITY, categories=("bern", "oslo", "rome"))),
    "may be missing": with_inputs(replace(AGE, nullable=True), CITY),
    "wider limits": with_inputs(replace(AGE, maximum=None), CITY),
    "one more output": replace(SCHEMA, outputs=(LABEL, Output("score", "float64"))),
}


@pytest.mark.parametrize(("reason", "schema"), BREAKING.items())
def test_a_schema_that_breaks_callers_is_major(reason: str, schema: Schema) -> None:
    change, said = proposal(schema, model__m="m2")
    assert change == "major"
    assert reason in said


@pytest.mark.parametrize("schema", COMPATIBLE.values(), ids=COMPATIBLE)
def test_a_compatible_schema_change_is_minor(schema: Schema) -> None:
    assert proposal(schema)[0] == "minor"


def test_an_input_that_may_no_longer_be_missing_is_major() -> None:
    before = Contents(with_inputs(replace(AGE, nullable=True)), FILES)
    assert propose(before, Contents(with_inputs(AGE), FILES)).change == "major"


@pytest.mark.parametrize(("before", "after", "change"), [((3,), (-1,), "minor"), ((-1,), (3,), "major")])
def test_a_tensor_may_widen_but_not_narrow(before: tuple[int], after: tuple[int], change: Change) -> None:
    old, new = (Schema((Tensor("pixels", "float32", shape),)) for shape in (before, after))
    assert propose(Contents(old, FILES), Contents(new, FILES)).change == change


def test_new_weights_or_code_under_the_same_schema_are_minor() -> None:
    assert proposal(model__m="m2") == ("minor", "the model itself changed")
    assert propose(Contents(SCHEMA, FILES), Contents(SCHEMA, {**FILES, "code/p.py": "p"})).change == "minor"


def test_anything_beside_the_model_is_patch_and_named() -> None:
    changed = {**FILES, "card.md": "c2", "variants/onnx/model.onnx": "v"}
    found = propose(Contents(SCHEMA, FILES), Contents(SCHEMA, changed))
    assert found.change == "patch"
    assert found.reasons == ("'card.md' changed", "'variants/onnx/model.onnx' changed")
