"""Take an endpoint away."""

from __future__ import annotations

from hythe.operations.endpoints.checks import check_alone
from hythe.registry.catalog import Catalog


def remove(catalog: Catalog, endpoint: str, *, actor: str, why: str = "") -> None:
    """Take an endpoint's plan away; its history stays. `hythe up` stops serving it; `hythe serve` does not.

    Raises:
        Conflict: when a rollout is under way.
        NotFound: when there is no such endpoint, naming those that are.

    """
    with catalog.edit(actor=actor, why=why) as tx:
        tx.plan(endpoint)
        check_alone(tx, endpoint)
        tx.remove_plan(endpoint)
