"""The endpoints that there are, and what each is to do."""

from __future__ import annotations

import msgspec

from hythe.base.errors import HytheError
from hythe.operations.endpoints.document import PlanDocument, document_of
from hythe.registry.catalog import Catalog
from hythe.registry.reader import Reader
from hythe.registry.records import PlanRecord
from hythe.rollout.plan import Plan


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint's plan, who put it when (RFC 3339), and the id of the rollout under way, "" for none.

    A plan that this Hythe cannot follow is None, and `fault` says why.
    """

    endpoint: str
    revision: int
    at: str
    by: str
    rollout: str
    plan: PlanDocument | None
    fault: str = ""


def known(catalog: Catalog) -> list[Known]:
    """List all endpoints by name."""
    with catalog.snapshot() as seen:
        return [_known(seen, record) for record in seen.plans()]


def show(catalog: Catalog, endpoint: str) -> Known:
    """Give one endpoint; raises NotFound naming those that there are."""
    with catalog.snapshot() as seen:
        return _known(seen, seen.plan(endpoint))


def _known(reader: Reader, record: PlanRecord) -> Known:
    plan, fault = None, ""
    try:
        plan = document_of(record.endpoint, msgspec.convert(record.document, Plan))
    except (msgspec.ValidationError, HytheError) as err:
        fault = str(err)
    under_way = next((rollout.id for rollout in reader.rollouts(record.endpoint, running=True)), "")
    return Known(
        endpoint=record.endpoint,
        revision=record.revision,
        at=record.at,
        by=record.by,
        rollout=under_way,
        plan=plan,
        fault=fault,
    )
