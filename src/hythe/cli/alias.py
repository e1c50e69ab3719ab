"""`hythe alias churn:champion 1.0.0`: a movable name for a version."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def alias_command(ref: str, version: str, *, why: str = "", common: Common = COMMON) -> None:
    """Point a name such as churn:champion at a version. Traffic does not move by this.

    Parameters
    ----------
    ref
        The alias, with its model: churn:champion.
    version
        The version that it shall name: 1.0.0.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.mark import alias

    with opened(common.config()) as here:
        record = alias(here.catalog, ref, version, actor=here.actor, why=why)
    emit(common, record, lambda: say(f"{ref} is {record.ref} now"))
