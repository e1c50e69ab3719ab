"""A plan is checked whole before it applies; what is wrong gets a clear error and changes nothing."""

from typing import Any

import msgspec
import pytest

from hythe.base.errors import Conflict, Denied, HytheError, Invalid, NotFound, Unsupported
from hythe.operations.endpoints.apply import Applied, apply
from hythe.operations.endpoints.create import create
from hythe.operations.endpoints.document import plan_document
from hythe.registry.registry import Registry
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.plan import Plan


def put(registry: Registry, raw: dict[str, Any], **options: Any) -> Applied:
    return apply(registry, "scoring", plan_document({"model": "churn", **raw}), actor="ana", **options)


def stored(registry: Registry) -> Plan:
    return msgspec.convert(registry.catalog.plan("scoring").document, Plan)


def split(*weights: float) -> dict[str, Any]:
    numbers = ("1.0.0", "1.1.0")
    return {"arms": [{"version": v, "weight": w} for v, w in zip(numbers, weights, strict=True)]}


def test_digests_are_those_of_the_registry(registry: Registry) -> None:
    put(registry, {**split(90, 10), "shadows": [{"version": "1.1.0", "share": 0.5}]})
    plan = stored(registry)
    named = [(arm.version, arm.digest) for arm in plan.arms]
    named += [(shadow.version, shadow.digest) for shadow in plan.shadows]
    assert named == [(v, registry.resolve(f"churn:{v}").digest) for v in ("1.0.0", "1.1.0", "1.1.0")]
    assert [arm.weight for arm in plan.arms] == [90, 10]
    assert plan.model == "churn"


def test_the_same_again_changes_nothing(registry: Registry) -> None:
    first = put(registry, split(90, 10))
    again = put(registry, split(0.9, 0.1))
    assert (first.applied, first.revision) == (True, 1)
    assert (again.applied, again.revision, again.changes) == (False, 1, ())


def test_each_change_is_said(registry: Registry) -> None:
    put(registry, {**split(90, 10), "sticky": "feature:id"})
    changes = put(registry, {**split(50, 50), "limits": {"rows": 5}, "approval": False}).changes
    assert changes == (
        "arm 1.0.0: 90% -> 50%",
        "arm 1.1.0: 10% -> 50%",
        "sticky: feature:id -> none",
        'limits: none -> {"rows":5}',
    )


def test_a_dry_run_says_what_would_change_and_changes_nothing(registry: Registry) -> None:
    put(registry, split(100, 0))
    tried = put(registry, split(90, 10), dry_run=True)
    assert (tried.applied, tried.revision) == (False, 1)
    assert tried.changes == ("arm 1.0.0: 100% -> 90%", "arm 1.1.0: 0% -> 10%")
    assert registry.catalog.plan("scoring").revision == 1
    assert len(registry.history("endpoint/scoring")) == 1


def test_a_plan_that_changed_meanwhile_is_not_put_over(registry: Registry) -> None:
    put(registry, split(90, 10))
    for dry_run in (True, False):
        with pytest.raises(Conflict, match="at revision 1, not 0"):
            put(registry, split(80, 20), expected_revision=0, dry_run=dry_run)
    assert put(registry, split(80, 20), expected_revision=1).revision == 2


LONE = {"arms": [{"version": "1.0.0"}]}
WRONG: dict[str, tuple[dict[str, Any], type[HytheError], str]] = {
    "weights beyond 100": (split(90, 20), Invalid, r"add up to 110 \(1.0.0: 90, 1.1.0: 20\)"),
    "weights below 1": (split(0.5, 0.4), Invalid, r"add up to 0\.9 "),
    "a lone weight": ({"arms": [{"version": "1.0.0", "weight": 50}]}, Invalid, "add up to 50"),
    "a weight below 0": (split(110, -10), Invalid, "arm 1.1.0 has weight -10"),
    "no weight": (
        {"arms": [{"version": "1.0.0", "weight": 60}, {"version": "1.1.0"}]},
        Invalid,
        "arm 1.1.0 has no weight",
    ),
    "no arm": ({"arms": []}, Invalid, "no arm"),
    "no arms": ({}, Invalid, "missing required field `arms`"),
    "an unknown version": (
        {"arms": [{"version": "3.0.0"}]},
        NotFound,
        r"known versions: 2\.0\.0, 1\.1\.0, 1\.0\.0",
    ),
    "an alias": ({"arms": [{"version": "champion"}]}, Invalid, "give a number such as 1.4.2"),
    "an unknown fallback": ({**LONE, "fallback": ["0.1.0"]}, NotFound, "known versions"),
    "an unknown shadow": ({**LONE, "shadows": [{"version": "0.1.0"}]}, NotFound, "known versions"),
    "an unknown model": ({**LONE, "model": "chrun"}, NotFound, "known models: churn"),
    "an unknown field": (
        {**LONE, "weights": 5},
        Invalid,
        "field 'weights' that is not known; fields: format, endpoint",
    ),
    "an unknown field of an arm": (
        {"arms": [{"version": "1.0.0", "wieght": 1}]},
        Invalid,
        "arms have a field 'wieght'",
    ),
    "an unknown limit": ({**LONE, "limits": {"row": 5}}, Invalid, "limits have a field 'row'"),
    "an unknown option of the cache": ({**LONE, "cache": {"ttl": 5}}, Invalid, "cache has a field 'ttl'"),
    "a wrong limit": ({**LONE, "limits": {"rows": 0}}, Invalid, "limit rows is 0"),
    "a word for a number": (
        {**LONE, "join_share": "half"},
        Invalid,
        "Expected `float . null`, got `str` - at",
    ),
    "a share beyond 1": ({**LONE, "join_share": 2}, Invalid, "join_share is 2"),
    "a newer plan": ({**LONE, "format": 2, "new": True}, Unsupported, "install the newer Hythe"),
    "a sticky key that no column has": (
        {**LONE, "sticky": "feature:user"},
        Invalid,
        "its columns are tenure, contract, id",
    ),
    "a sticky key of no kind": ({**LONE, "sticky": "cookie:x"}, Invalid, "feature:NAME, header:NAME, caller"),
    "a constant of another type": (
        {**LONE, "constant": {"label": 5, "probabilities": [0, 1]}},
        Invalid,
        "constant has 5",
    ),
    "a constant without an output": (
        {**LONE, "constant": {"label": "no"}},
        Invalid,
        "give a value for each of",
    ),
    "another's digest": (
        {"arms": [{"version": "1.0.0", "digest": "sha256:00"}]},
        Conflict,
        "leave the digest out",
    ),
    "another endpoint": ({**LONE, "endpoint": "other"}, Conflict, "of endpoint 'other'"),
    "a version that needs more": (
        {"arms": [{"version": "2.0.0"}]},
        Conflict,
        r"churn:2.0.0 breaks .* needs 'income'",
    ),
    "a fallback that needs more": ({**LONE, "fallback": ["2.0.0"]}, Conflict, "churn:2.0.0 breaks"),
    "a shadow that needs more": ({**LONE, "shadows": [{"version": "2.0.0"}]}, Conflict, "churn:2.0.0 breaks"),
    "approval where there is none": (
        {**LONE, "approval": True},
        Denied,
        "is pending; approve it first: hythe approve churn:1.0.0",
    ),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("dry_run", [False, True], ids=["applied", "tried"])
def test_what_is_wrong_is_said_and_changes_nothing(registry: Registry, case: str, dry_run: bool) -> None:
    put(registry, split(90, 10))
    before, logged = registry.catalog.plan("scoring"), registry.history()
    raw, error, said = WRONG[case]
    with pytest.raises(error, match=said):
        put(registry, raw, dry_run=dry_run)
    assert registry.catalog.plan("scoring") == before
    assert registry.history() == logged


@pytest.mark.parametrize("name", ["../x", "", "a b", "x" * 129])
def test_a_name_that_is_none_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        apply(registry, name, plan_document({**LONE, "model": "churn"}), actor="ana")
    assert registry.catalog.plans() == []


def test_a_schema_that_breaks_callers_is_let_through_where_that_is_said(registry: Registry) -> None:
    put(registry, LONE)
    assert put(registry, {"arms": [{"version": "2.0.0"}]}, allow_schema_change=True).applied


def test_the_arms_of_a_new_endpoint_have_to_fit_each_other(registry: Registry) -> None:
    arms = [{"version": "1.0.0", "weight": 50}, {"version": "2.0.0", "weight": 50}]
    with pytest.raises(Conflict, match=r"churn:2\.0\.0 breaks the callers"):
        put(registry, {"arms": arms})


def test_approval_counts_for_what_answers_and_not_for_shadows(registry: Registry) -> None:
    with registry.catalog.edit(actor="bo") as tx:
        tx.approve("churn:1.0.0")
    asked = {**LONE, "approval": True}
    with pytest.raises(Denied, match=r"churn:1\.1\.0 is pending"):
        put(registry, {**split(90, 10), "approval": True})
    with pytest.raises(Denied, match=r"churn:1\.1\.0 is pending"):
        put(registry, {**asked, "fallback": ["1.1.0"]})
    assert put(registry, {**asked, "shadows": [{"version": "1.1.0"}]}).applied
    assert put(registry, {**split(100, 0), "approval": True}).applied


def test_a_rejected_version_takes_no_traffic_anywhere(registry: Registry) -> None:
    with registry.catalog.edit(actor="bo") as tx:
        tx.reject("churn:1.1.0", "leaks the label")
    with pytest.raises(Denied, match=r"rejected by bo \(leaks the label\)"):
        put(registry, split(90, 10))


def test_a_plan_is_not_put_into_a_rollout(registry: Registry) -> None:
    put(registry, LONE)
    with registry.catalog.edit(actor="controller") as tx:
        tx.put_rollout(RolloutRecord("r1", "scoring", "paused", 0, {}), 0)
    with pytest.raises(Conflict, match="in rollout r1, which is paused; end it first: hythe rollout abort"):
        put(registry, split(90, 10))
    with registry.catalog.edit(actor="controller") as tx:
        tx.put_rollout(RolloutRecord("r1", "scoring", "aborted", 0, {}), 1)
    assert put(registry, split(90, 10)).applied


def test_a_plan_of_a_newer_hythe_that_stands_can_be_replaced(registry: Registry) -> None:
    with registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", {"arms": [], "format": 9})
    done = put(registry, LONE)
    assert done.revision == 2
    assert done.changes[0] == "a plan in the place of one that cannot be read"


def test_an_endpoint_is_made_of_a_version_under_any_name(registry: Registry) -> None:
    made = create(registry, "scoring", "churn:1.0.0", actor="ana", sticky="feature:id")
    assert (made.applied, made.revision) == (True, 1)
    plan = stored(registry)
    assert (plan.model, plan.sticky, [arm.version for arm in plan.arms]) == ("churn", "feature:id", ["1.0.0"])
    assert create(registry, "churn", "churn:1.1.0", actor="ana").applied
    assert msgspec.convert(registry.catalog.plan("churn").document, Plan).model == ""


def test_an_endpoint_is_made_once(registry: Registry) -> None:
    create(registry, "scoring", "churn:1.0.0", actor="ana")
    with pytest.raises(Conflict, match="there already, at revision 1; change it by a rollout"):
        create(registry, "scoring", "churn:1.0.0", actor="ana")


def test_a_name_alone_takes_the_newest_version_and_says_so(registry: Registry) -> None:
    made = create(registry, "scoring", "churn", actor="ana", dry_run=True)
    assert [arm.version for arm in made.plan.arms] == ["2.0.0"]
    assert "no version of 'churn' is approved" in made.notices[0]
    assert registry.catalog.plans() == []
