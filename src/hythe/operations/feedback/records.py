"""What was told of predictions, between those who check it and the catalog."""

from __future__ import annotations

from collections.abc import Iterable

from hythe.monitor.records.record import Told
from hythe.registry.feedback import FeedbackRecord


def feedback_records(endpoint: str, told: Iterable[Told], at_ns: int) -> list[FeedbackRecord]:
    """Make what was told of an endpoint's predictions at one time (UTC) ready for the catalog."""
    return [FeedbackRecord(each.id, each.row, endpoint, each.part, each.value, at_ns, at_ns) for each in told]
