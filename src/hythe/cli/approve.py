"""`hythe approve churn:1.0.0 --note "…"`: record that a version passed review."""

from __future__ import annotations

from hythe.cli.common import COMMON, Common, emit, say


def approve_command(ref: str, *, note: str = "", common: Common = COMMON) -> None:
    """Record that a version passed review.

    Parameters
    ----------
    ref
        The version: churn:1.0.0.
    note
        What was looked at, and by whom.

    """
    from hythe.app.wire import opened
    from hythe.operations.mark import approve

    with opened(common.config()) as here:
        record = approve(here.catalog, ref, actor=here.actor, note=note)
    emit(common, record, lambda: say(f"{record.ref} is approved by {record.approval.by}"))
