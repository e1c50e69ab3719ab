"""What serving a ref makes of the plan that stands: arms change, all else stays, a rollout is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hythe.base.errors import Conflict, Denied, NotFound
from hythe.operations.serve_plan import wanted
from hythe.registry.catalog import Catalog
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import Arm, CacheOptions, Plan, Shadow

OLD, NEW, OTHER = ("sha256:" + digit * 64 for digit in "0a1")
SETTINGS: dict[str, Any] = {
    "sticky": "header:x-user",
    "join_share": 0.5,
    "cache": CacheOptions(ttl_s=60),
    "limits": PlanLimits(rows=5),
    "fallback": ("1.0.0",),
    "constant": {"value": 1.0},
}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    made = Catalog.of_file(tmp_path / "catalog.db")
    with made.edit(actor="ana") as tx:
        tx.add_version("churn", "1.0.0", OLD)
        tx.add_version("churn", "1.1.0", NEW)
        tx.add_version("fraud", "3.0.0", OTHER)
    return made


def put(catalog: Catalog, plan: Plan, endpoint: str = "churn") -> None:
    with catalog.edit(actor="ana") as tx:
        tx.put_plan(endpoint, msgspec.to_builtins(plan))


def test_a_version_takes_all_the_traffic_of_a_new_endpoint(catalog: Catalog) -> None:
    found = wanted(catalog, "churn:1.0.0", {})
    assert (found.endpoint, found.plan, found.revision, found.stands) == (
        "churn", Plan.of("1.0.0", OLD), 0, False,
    )  # fmt: skip


@pytest.mark.parametrize("number", ["1.0.0", "1.1.0"])
def test_all_but_the_arms_stays_as_the_plan_before_said(catalog: Catalog, number: str) -> None:
    split = (Arm("1.0.0", OLD, 90), Arm("1.1.0", NEW, 10))
    put(catalog, Plan(split, **SETTINGS, rollout="an earlier one"))
    found = wanted(catalog, f"churn:{number}", {})
    digest = {"1.0.0": OLD, "1.1.0": NEW}[number]
    assert (found.plan, found.revision, found.stands) == (Plan((Arm(number, digest),), **SETTINGS), 1, False)


def test_a_version_that_takes_everything_already_changes_nothing(catalog: Catalog) -> None:
    plan = Plan((Arm("1.0.0", OLD, 100), Arm("1.1.0", NEW, 0)), **SETTINGS)
    put(catalog, plan)
    assert wanted(catalog, "churn:1.0.0", {})[3:6] == (plan, 1, True)
    assert wanted(catalog, "churn:1.0.0", {"cache": None})[3:6] == (
        msgspec.structs.replace(plan, cache=None), 1, False,
    )  # fmt: skip


def test_a_version_is_no_shadow_of_itself(catalog: Catalog) -> None:
    put(catalog, Plan((Arm("1.0.0", OLD),), shadows=(Shadow("1.1.0", NEW),)))
    assert wanted(catalog, "churn:1.1.0", {}).plan == Plan.of("1.1.0", NEW)


@pytest.mark.parametrize("status", ["running", "paused"])
def test_an_endpoint_in_a_rollout_is_served_as_its_plan_stands(catalog: Catalog, status: str) -> None:
    plan = Plan((Arm("1.0.0", OLD, 90), Arm("1.1.0", NEW, 10)), rollout="r1")
    put(catalog, plan)
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(RolloutRecord("r1", "churn", status, 0, {}), 0)
    found = wanted(catalog, "churn:1.1.0", {"cache": None})
    assert (found.plan, found.stands) == (plan, True)
    assert found.notices == ("endpoint 'churn' is in rollout r1; it is served as that says",)


def test_after_the_rollout_a_version_can_be_put_again(catalog: Catalog) -> None:
    put(catalog, Plan((Arm("1.0.0", OLD, 90), Arm("1.1.0", NEW, 10)), rollout="r1"))
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(RolloutRecord("r1", "churn", "aborted", 0, {}), 0)
    assert wanted(catalog, "churn:1.0.0", {}).plan == Plan.of("1.0.0", OLD)


@pytest.mark.parametrize(
    ("status", "digest", "ref", "served"),
    [
        ("rolled_back", NEW, "churn", "1.0.0"),
        ("aborted", NEW, "churn", "1.0.0"),
        ("rolled_back", NEW, "churn:1.1.0", "1.1.0"),
        ("rolled_back", OTHER, "churn", "1.1.0"),
        ("promoted", NEW, "churn", "1.1.0"),
    ],
)
def test_a_server_that_starts_again_does_not_undo_a_way_back(
    catalog: Catalog, status: str, digest: str, ref: str, served: str
) -> None:
    put(catalog, Plan.of("1.0.0", OLD))
    with catalog.edit(actor="ana") as tx:
        tx.put_rollout(RolloutRecord("r1", "churn", status, 0, {"candidate": {"digest": digest}}), 0)
    found = wanted(catalog, ref)
    assert (found.plan.arms[0].version, found.stands) == (served, served == "1.0.0")
    assert (
        any("was tried on endpoint 'churn' and went back" in note for note in found.notices) is found.stands
    )


def test_an_endpoint_of_another_model_is_served_by_its_own_name(catalog: Catalog) -> None:
    plan = Plan.of("1.0.0", OLD)
    put(catalog, msgspec.structs.replace(plan, model="churn"), "scoring")
    found = wanted(catalog, "scoring", {})
    assert (found.endpoint, found.model, found.plan.model, found.stands) == (
        "scoring",
        "churn",
        "churn",
        True,
    )
    with pytest.raises(NotFound, match="'unknown' is not in the registry"):
        wanted(catalog, "unknown", {})


def test_an_endpoint_named_like_another_model_is_not_taken_from_its_own(catalog: Catalog) -> None:
    put(catalog, msgspec.structs.replace(Plan.of("1.0.0", OLD), model="churn"), "fraud")
    assert wanted(catalog, "fraud", {}).model == "churn"
    with pytest.raises(Conflict, match="endpoint 'fraud' is of model 'churn', not of model 'fraud'"):
        wanted(catalog, "fraud:3.0.0", {})


def test_where_approval_is_asked_for_only_approved_versions_are_served(catalog: Catalog) -> None:
    put(catalog, Plan((Arm("1.0.0", OLD),), approval=True))
    with pytest.raises(Denied, match=r"churn:1\.1\.0 is pending"):
        wanted(catalog, "churn:1.1.0", {})
    with catalog.edit(actor="ana") as tx:
        tx.approve("churn:1.1.0")
    assert wanted(catalog, "churn:1.1.0", {}).plan.approval


def test_a_plan_that_cannot_be_read_keeps_nothing(catalog: Catalog) -> None:
    with catalog.edit(actor="ana") as tx:
        tx.put_plan("churn", {"arms": []})
    assert wanted(catalog, "churn:1.0.0", {})[3:6] == (Plan.of("1.0.0", OLD), 1, False)


def test_what_a_name_alone_was_taken_for_is_told(catalog: Catalog) -> None:
    [notice] = wanted(catalog, "churn", {}).notices
    assert "1.1.0" in notice
