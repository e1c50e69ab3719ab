"""`hythe rollback scoring`: an endpoint serves again what it served before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hythe.cli.common import COMMON, Common, emit, say

if TYPE_CHECKING:
    from hythe.operations.rollouts.back import RolledBack


def rollback_command(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """Serve again what the endpoint served before; a rollout under way ends with it.

    Parameters
    ----------
    endpoint
        The endpoint: scoring.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.document import document_of
    from hythe.operations.rollouts.back import rollback

    with opened(common.config()) as here:
        done = rollback(here.catalog, endpoint, actor=here.actor, why=why)
    document = {
        "endpoint": endpoint,
        "revision": done.revision,
        "before": document_of(endpoint, done.before),
        "plan": document_of(endpoint, done.plan),
        "rollout": done.rollout,
    }
    emit(common, document, lambda: _tell(endpoint, done))


def _tell(endpoint: str, done: RolledBack) -> None:
    from hythe.cli.rollout_text import served

    say(f"endpoint {endpoint} serves {served(done.plan)} again, and no longer {served(done.before)}")
    if done.rollout is not None:
        say(f"its rollout to {done.rollout.candidate.version} ended with it")
    say(f"the plan is at revision {done.revision}; see: hythe history {endpoint}")
