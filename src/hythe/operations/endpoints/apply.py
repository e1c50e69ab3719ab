"""Put an endpoint's plan: checked whole, then in one step or not at all."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Conflict
from hythe.operations.endpoints.document import PlanDocument, document_of
from hythe.operations.endpoints.draft import Draft, draft
from hythe.registry.registry import Registry


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan: `changes` has a line for each thing that is other, none where all was so.

    `revision` is that of the plan that stands now, 0 for none. `applied` is false where nothing was to
    change, or all was only tried.
    """

    endpoint: str
    revision: int
    applied: bool
    changes: tuple[str, ...]
    plan: PlanDocument
    notices: tuple[str, ...] = ()


def apply(  # noqa: PLR0913 - the words of one long sentence, each by its name
    registry: Registry,
    endpoint: str,
    document: PlanDocument,
    *,
    actor: str,
    why: str = "",
    allow_schema_change: bool = False,
    expected_revision: int | None = None,
    dry_run: bool = False,
) -> Applied:
    """Make an endpoint follow a plan; the same again changes nothing, a `dry_run` never does.

    Servers of this machine hear of it at once. With `expected_revision` (0 for a new endpoint) the plan that
    is replaced has to be that one.

    Raises:
        Conflict: when a rollout is under way, a version breaks callers, or the plan changed meanwhile.
        Denied: when a version may not take traffic.
        Invalid: when the plan contradicts itself or its versions' schemas.
        NotFound: when there is no such model or version.

    """
    if dry_run:
        with registry.catalog.snapshot() as seen:
            found = draft(registry, seen, endpoint, document, allow_schema_change=allow_schema_change)
            _expect(found, endpoint, expected_revision)
        return _said(endpoint, found, _revision(found), applied=False)
    with registry.catalog.edit(actor=actor, why=why) as tx:
        found = draft(registry, tx, endpoint, document, allow_schema_change=allow_schema_change)
        _expect(found, endpoint, expected_revision)
        revision = _revision(found)
        if found.changes:
            revision = tx.put_plan(endpoint, msgspec.to_builtins(found.plan), revision)
    return _said(endpoint, found, revision, applied=bool(found.changes))


def _expect(found: Draft, endpoint: str, revision: int | None) -> None:
    if revision is not None and revision != _revision(found):
        raise Conflict(
            f"the plan of endpoint {endpoint!r} is at revision {_revision(found)}, not {revision}; look again"
        )


def _revision(found: Draft) -> int:
    return found.before.revision if found.before else 0


def _said(endpoint: str, found: Draft, revision: int, *, applied: bool) -> Applied:
    plan = document_of(endpoint, found.plan)
    return Applied(endpoint=endpoint, revision=revision, applied=applied, changes=found.changes, plan=plan)
