"""`hythe reject churn:1.0.0 --note "…"`: record that a version did not pass review."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def reject_command(ref: str, *, note: str = "", common: Common = COMMON) -> None:
    """Record that a version did not pass review.

    Parameters
    ----------
    ref
        The version: churn:1.0.0.
    note
        What was looked at, and by whom.

    """
    from hythe.app.wire import opened
    from hythe.operations.mark import reject

    with opened(common.config()) as here:
        record = reject(here.catalog, ref, actor=here.actor, note=note)
    emit(common, record, lambda: say(f"{record.ref} is rejected by {record.approval.by}"))
