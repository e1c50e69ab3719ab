"""Rollouts and plans between the catalog, which keeps documents, and those who decide on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hythe.base.errors import Corrupt, HytheError
from hythe.registry.edit import Edit
from hythe.registry.reader import Reader
from hythe.registry.records import PlanRecord
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.guard import GuardReport
from hythe.rollout.plan import Plan
from hythe.rollout.state import Rollout

_LARGEST_LOG = 1e6
_OPTIONAL = ("champion", "candidate", "difference", "low", "high")
_DIGITS = 6


def plan_in(record: PlanRecord) -> Plan:
    """Read a stored plan; raises Corrupt when it cannot be read, Unsupported for one of a newer Hythe."""
    try:
        return msgspec.convert(record.document, Plan)
    except msgspec.ValidationError as err:
        raise Corrupt(
            f"the plan of endpoint '{record.endpoint}' cannot be read: {err}; put it again"
        ) from err


def rollout_in(record: RolloutRecord) -> Rollout:
    """Read a stored rollout; raises Corrupt when it cannot be read."""
    try:
        return msgspec.convert(record.document, Rollout)
    except (msgspec.ValidationError, HytheError) as err:
        raise Corrupt(
            f"rollout {record.id} of endpoint '{record.endpoint}' cannot be read: {err}; it was written by a "
            "newer Hythe, or by another program"
        ) from err


def record_of(rollout: Rollout) -> RolloutRecord:
    """Make a rollout ready for the catalog, which says its turn."""
    finite = replace(rollout, reports=tuple(_finite(report) for report in rollout.reports))
    return RolloutRecord(rollout.id, rollout.endpoint, rollout.status, 0, msgspec.to_builtins(finite))


def put(tx: Edit, rollout: Rollout, turn: int, plan: Plan | None, revision: int) -> Rollout:
    """Write where a rollout stands, and the plan that goes with it, in one edit; give it as written.

    `turn` and `revision` are what the rollout and the endpoint's plan were seen at. Without a plan the
    standing one stays.

    Raises:
        Conflict: when either moved meanwhile; nothing of the edit is kept then.

    """
    if plan is not None:
        put_revision = tx.put_plan(rollout.endpoint, msgspec.to_builtins(plan), revision)
        rollout = replace(rollout, revisions=(*rollout.revisions, put_revision))
    tx.put_rollout(record_of(rollout), turn, said(rollout))
    return rollout


def latest(reader: Reader, endpoint: str) -> RolloutRecord | None:
    """Find the rollout that moves an endpoint, else the one moved last; None where there never was one."""
    known = {record.id: record for record in reader.rollouts(endpoint)}
    alive = next((record for record in known.values() if record.alive), None)
    if alive is not None or not known:
        return alive
    moved = [entry for entry in reader.history(f"endpoint/{endpoint}") if entry.action == "rollout"]
    return known[moved[-1].after["id"]]


def said(rollout: Rollout) -> dict[str, Any]:
    """Say what the change log keeps of a rollout's move: from where to where, why, and on what evidence."""
    return {
        "champion": rollout.champion.version,
        "candidate": rollout.candidate.version,
        "strategy": rollout.policy.strategy,
        "stage": stage_text(rollout),
        "weights": list(rollout.weights or ()),
        "revision": rollout.revisions[-1] if rollout.revisions else 0,
        "running_s": round(rollout.running_s, 1),
        "reason": rollout.reason,
        "reports": [_brief(_finite(report)) for report in rollout.reports],
    }


def stage_text(rollout: Rollout) -> str:
    """Name the present stage, and how many there are.

    It is what people see: `split 5% (2 of 4)`.
    """
    stage = rollout.now
    return f"{stage.kind} {stage.share * 100:g}% ({rollout.stage + 1} of {len(rollout.stages)})"


def _finite(report: GuardReport) -> GuardReport:
    """Write what JSON has no word for as unknown: the estimate of a quantile beyond the longest duration."""
    unknown = {name: None for name in _OPTIONAL if not math.isfinite(getattr(report, name) or 0.0)}
    logs = {
        name: min(max(getattr(report, name), -_LARGEST_LOG), _LARGEST_LOG)
        for name in ("log_e_worse", "log_e_fine")
    }
    return replace(report, **unknown, **logs)


def _brief(report: GuardReport) -> dict[str, Any]:
    document: Mapping[str, Any] = msgspec.to_builtins(report)
    return {name: _rounded(value) for name, value in document.items()}


def _rounded(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
