"""The way back: an endpoint serves again what it served before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import msgspec

from hythe.base.clock import Clock
from hythe.base.errors import Conflict
from hythe.operations.endpoints.checks import check_review, version_of
from hythe.operations.rollouts.move import end, owns
from hythe.operations.rollouts.stored import plan_in, put, rollout_in
from hythe.registry.catalog import Catalog
from hythe.registry.edit import Edit
from hythe.registry.reader import Reader
from hythe.registry.records import LogEntry, PlanRecord
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.plan import Plan
from hythe.rollout.state import Rollout


class RolledBack(NamedTuple):
    """The plan that stood, the one that stands now and its revision, and the rollout that this ended."""

    before: Plan
    plan: Plan
    revision: int
    rollout: Rollout | None


def rollback(
    catalog: Catalog, endpoint: str, *, actor: str, why: str = "", clock: Clock | None = None
) -> RolledBack:
    """Put the plan again that an endpoint had before this one; a rollout under way ends in the same step.

    In a rollout that is the plan from before it, whatever was said of its champion meanwhile: that one still
    answers. Else it is the last one that was other than today's, of those that people put and those that
    rollouts were promoted to; the steps of a rollout are not gone through again. So two rollbacks on end
    give what stood at first.

    Raises:
        Conflict: when there is nothing to go back to, or a version of it was packed anew.
        Denied: when a version of it was rejected meanwhile, outside a rollout.
        NotFound: when there is no such endpoint, or a version of it is gone.

    """
    with catalog.edit(actor=actor, why=why) as tx:
        standing = tx.plan(endpoint)
        record = next(iter(tx.rollouts(endpoint, running=True)), None)
        rollout = rollout_in(record) if record is not None else None
        if record is not None and rollout is not None and owns(rollout, standing):
            plan = rollout.before
            ended = end(rollout, "rolled_back", f"rolled back by {actor}", why, clock)
            return _said(standing, plan, put(tx, ended, record.turn, plan, standing.revision))
        plan = _plan_before(tx, endpoint, standing)
        _check(tx, endpoint, plan)
        revision = tx.put_plan(endpoint, msgspec.to_builtins(plan), standing.revision)
        return RolledBack(plan_in(standing), plan, revision, _overtaken(tx, record, rollout, actor, clock))


def settled(entries: Iterable[LogEntry], promoted: Collection[str]) -> list[Any]:
    """List the plans that an endpoint came to rest on, the oldest first, each once in a row.

    Those are the plans of people, and the last one of each rollout that was `promoted`.
    """
    puts = [entry.after for entry in entries if entry.action == "put plan"]
    last = {_rollout_of(document): place for place, document in enumerate(puts)}
    found: list[Any] = []
    for place, document in enumerate(puts):
        mover = _rollout_of(document)
        rests = not mover or (mover in promoted and last[mover] == place)
        if rests and not (found and _same(found[-1], document)):
            found.append(document)
    return found


def _plan_before(reader: Reader, endpoint: str, standing: PlanRecord) -> Plan:
    promoted = {record.id for record in reader.rollouts(endpoint) if record.status == "promoted"}
    rests = settled(reader.history(f"endpoint/{endpoint}"), promoted)
    others = [document for document in rests if not _same(document, standing.document)]
    if not others:
        raise Conflict(
            f"endpoint '{endpoint}' never had another plan; there is nothing to go back to. Send its traffic "
            f"elsewhere with: hythe rollout start {endpoint} MODEL:VERSION"
        )
    return plan_in(msgspec.structs.replace(standing, document=others[-1]))


def _check(reader: Reader, endpoint: str, plan: Plan) -> None:
    """See that every version of a plan is still there, and may take traffic."""
    records = []
    for number, digest in plan.digests.items():
        record = version_of(reader, plan.model or endpoint, number)
        if digest and record.digest != digest:
            raise Conflict(
                f"{record.ref} was packed anew since it served; put a plan with: hythe endpoint apply"
            )
        records.append(record)
    check_review(endpoint, records, approval=False)


def _overtaken(
    tx: Edit, record: RolloutRecord | None, rollout: Rollout | None, actor: str, clock: Clock | None
) -> Rollout | None:
    """End a rollout whose plan somebody had replaced by hand; what is put now is not its plan either."""
    if record is None or rollout is None:
        return None
    ended = end(rollout, "aborted", f"rolled back by {actor}, after its plan had been replaced", "", clock)
    return put(tx, ended, record.turn, None, 0)


def _said(standing: PlanRecord, plan: Plan, ended: Rollout) -> RolledBack:
    return RolledBack(plan_in(standing), plan, ended.revisions[-1], ended)


def _rollout_of(document: Any) -> str:
    return str(document.get("rollout", "")) if isinstance(document, dict) else ""


def _same(one: Any, other: Any) -> bool:
    """Tell whether two plans are the same, whoever put them."""
    return all(isinstance(item, dict) for item in (one, other)) and _bare(one) == _bare(other)


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "rollout"}
