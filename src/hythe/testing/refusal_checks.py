"""What every catalog promises of plans that servers refused: named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.testing.catalog_checks import Check, Open


def the_first_reason_of_a_plan_stands(opened: Open) -> None:
    """Keep it when another server refuses the plan as well."""
    opened().refusals.tell("churn", 3, "no goldens")
    opened().refusals.tell("churn", 3, "another reason")
    assert opened().refusals.reason("churn", 3) == "no goldens"


def only_the_newest_refused_plan_is_kept(opened: Open) -> None:
    """Leave out what a server tells late of an older one."""
    refusals = opened().refusals
    for revision in (3, 5, 4):
        refusals.tell("churn", revision, f"plan {revision}")
    refusals.tell("fraud", 1, "other")
    assert [refusals.reason("churn", revision) for revision in (3, 4, 5)] == ["", "", "plan 5"]
    assert refusals.reason("fraud", 1) == "other"


CHECKS: Sequence[Check] = (the_first_reason_of_a_plan_stands, only_the_newest_refused_plan_is_kept)
