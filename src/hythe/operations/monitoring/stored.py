"""Reports between the catalog, which keeps documents, and those who make and read them."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.finding import Report
from hythe.registry.reports import ReportRecord


def record_of(report: Report) -> ReportRecord:
    """Make a report ready for the catalog; numbers that JSON has no word for become null."""
    document = msgspec.json.encode(report, enc_hook=_plain)
    return ReportRecord(report.endpoint, report.version, report.period_s, report.start, document)


def report_in(record: ReportRecord) -> Report:
    """Read a stored report; raises Corrupt when it cannot be read."""
    try:
        return msgspec.json.decode(record.document, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise Corrupt(
            f"the report of {record.endpoint} {record.version} on {record.period_s} s from {record.start} "
            f"cannot be read: {err}; it was written by a newer Hythe, or by another program"
        ) from err


def _plain(value: Any) -> Any:
    """Write numbers of numpy, which checks of others may give, as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is nothing that a report can hold")
