"""Look at a rollout until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from hythe.operations.rollouts.stored import rollout_in
from hythe.registry.catalog import Catalog
from hythe.rollout.state import Rollout


def states(
    catalog: Catalog, rollout_id: str, pause: Callable[[], None] = lambda: time.sleep(0.5)
) -> Iterator[Rollout]:
    """Give where a rollout stands, again and again with a `pause` between, until it has ended.

    Raises:
        NotFound: when there is no such rollout.

    """
    while True:
        rollout = rollout_in(catalog.rollout(rollout_id))
        yield rollout
        if rollout.ended:
            return
        pause()
