"""A rollout begins when everything fits, and else changes nothing and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.operations.rollouts.scene import CANARY, QUICK, SCHEMA, Scene, add

from hythe.base.errors import Conflict, Denied, HytheError, Invalid, NotFound, Untrusted
from hythe.bundle.manifest import MANIFEST, NATIVE, Manifest, ModelFiles, VariantEntry
from hythe.operations.endpoints.apply import apply
from hythe.operations.endpoints.document import plan_document
from hythe.operations.rollouts.start import start
from hythe.rollout.guard import Guard
from hythe.rollout.policy import Policy


def put(scene: Scene, **fields: object) -> None:
    document = plan_document({"model": "churn", "arms": [{"version": "1.0.0"}], **fields})
    apply(scene.registry, "scoring", document, actor="ana")


def test_plan_and_rollout_are_put_in_one_step(scene: Scene) -> None:
    begun = scene.begin()
    assert begun.rollout == scene.rollout
    assert begun.rollout.revisions == (2,)
    assert begun.rollout.before.arms[0].version == "1.0.0"
    standing = scene.registry.catalog.plan("scoring")
    assert standing.document["rollout"] == begun.rollout.id
    assert [shadow.version for shadow in begun.plan.shadows] == ["1.1.0"]
    actions = [entry.action for entry in scene.registry.history("endpoint/scoring")]
    assert actions == ["put plan", "put plan", "rollout"]
    assert (begun.rollout.started_by, begun.rollout.reason) == ("ana", "better")


def test_a_dry_run_gives_the_rollout_and_changes_nothing(scene: Scene) -> None:
    begun = start(scene.registry, "scoring", "churn:1.1.0", CANARY, actor="ana", dry_run=True)
    assert [arm.weight for arm in begun.plan.arms] == [0.9, 0.1]
    assert scene.registry.catalog.rollouts() == []
    assert scene.registry.catalog.plan("scoring").revision == 1


def test_rates_are_expected_to_be_what_the_champions_were(scene: Scene) -> None:
    scene.behaviours["1.0.0"].fails = 0.04
    scene.serve(10_000)
    bases = scene.begin(CANARY).rollout.bases
    assert bases["error_rate"].mean == pytest.approx(0.04, abs=0.001)
    assert bases["error_rate"].since == 2
    assert bases["latency_p99"].bound == 62


def test_an_endpoint_that_approval_guards_takes_approved_versions_only(scene: Scene) -> None:
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.approve("churn:1.0.0")
    put(scene, approval=True)
    with pytest.raises(Denied, match=r"asks for approval, and churn:1\.1\.0 is pending"):
        scene.begin()
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.approve("churn:1.1.0")
    scene.begin()


def test_a_version_that_breaks_callers_is_refused_with_the_difference_unless_allowed(scene: Scene) -> None:
    with pytest.raises(Conflict, match="does not answer 'probabilities'"):
        scene.begin(ref="churn:2.0.0")
    policy = replace(QUICK, guards=(Guard("error_rate"),))
    start(scene.registry, "scoring", "churn:2.0.0", policy, actor="ana", allow_schema_change=True)
    assert scene.rollout.candidate.version == "2.0.0"


def other_model(scene: Scene) -> None:
    manifest = Manifest(flavor=ModelFiles("sklearn", "skops"), schema=SCHEMA)
    scene.registry.add("fraud", {MANIFEST: manifest.encode()}, actor="ana", version="1.0.0")


def a_program(scene: Scene) -> None:
    variants = (VariantEntry(NATIVE, "proven", "model"),)
    files = ModelFiles("python", "cloudpickle", program=True)
    manifest = Manifest(flavor=files, schema=SCHEMA, variants=variants)
    scene.registry.add("churn", {MANIFEST: manifest.encode()}, actor="ana", version="3.0.0")


def a_split(scene: Scene) -> None:
    put(scene, arms=[{"version": "1.0.0", "weight": 60}, {"version": "1.1.0", "weight": 40}])


def a_rejection(scene: Scene) -> None:
    with scene.registry.catalog.edit(actor="ana") as tx:
        tx.reject("churn:1.1.0", note="wrong data")


WRONG: dict[str, tuple[Callable[[Scene], object], str, str, Policy, type[HytheError], str]] = {
    "no endpoint": (lambda _: None, "other", "churn:1.1.0", QUICK, NotFound, "known endpoints: scoring"),
    "no version": (lambda _: None, "scoring", "churn:9.0.0", QUICK, NotFound, "known versions"),
    "the same version": (lambda _: None, "scoring", "churn:1.0.0", QUICK, Invalid, "serves 1.0.0 already"),
    "another model": (other_model, "scoring", "fraud:1.0.0", QUICK, Invalid, "serves versions of 'churn'"),
    "a split": (a_split, "scoring", "churn:1.1.0", QUICK, Invalid, "sends traffic to 1.0.0, 1.1.0"),
    "rejected": (a_rejection, "scoring", "churn:1.1.0", QUICK, Denied, r"rejected by ana \(wrong data\)"),
    "untrusted": (a_program, "scoring", "churn:3.0.0", QUICK, Untrusted, "hythe trust churn:3.0.0"),
    "under way": (lambda scene: scene.begin(), "scoring", "churn:1.1.0", QUICK, Conflict, "end it first"),
    "a metric of numbers": (
        lambda _: None, "scoring", "churn:1.1.0",
        replace(QUICK, guards=(Guard("absolute_error", range=(0.0, 9.0)),)), Invalid, "no absolute_error of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_and_changes_nothing(scene: Scene, name: str) -> None:
    prepare, endpoint, ref, policy, error, said = WRONG[name]
    prepare(scene)
    before = (scene.registry.catalog.plans(), scene.registry.catalog.rollouts())
    with pytest.raises(error, match=said):
        start(scene.registry, endpoint, ref, policy, actor="ana")
    assert (scene.registry.catalog.plans(), scene.registry.catalog.rollouts()) == before


def test_a_sticky_key_that_the_candidate_lacks_is_refused(scene: Scene) -> None:
    put(scene, sticky="feature:id")
    add(scene.registry, "1.2.0", replace(SCHEMA, inputs=SCHEMA.inputs[:1]))
    with pytest.raises(Invalid, match=r"feature:id, which churn:1\.2\.0 does not have"):
        start(scene.registry, "scoring", "churn:1.2.0", QUICK, actor="ana", allow_schema_change=True)
