"""Reports between the catalog, which keeps documents, and those who make and read them."""

from __future__ import annotations

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.finding import Finding, Report
from hythe.monitor.plain import plain_number
from hythe.registry.reports import ReportRecord

_REQUESTS = b'"subject":"requests"'


def record_of(report: Report) -> ReportRecord:
    """Make a report ready for the catalog; numbers that JSON has no word for become null."""
    document = msgspec.json.encode(report, enc_hook=plain_number)
    return ReportRecord(report.endpoint, report.version, report.period_s, report.start, document)


def report_in(record: ReportRecord) -> Report:
    """Read a stored report; raises Corrupt when it cannot be read."""
    try:
        return msgspec.json.decode(record.document, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise _corrupt(record, err) from err


def service_in(record: ReportRecord) -> Report:
    """Read of a stored report what it says of requests as such; of a thousand features that is much quicker.

    Raises:
        Corrupt: when it cannot be read.

    """
    try:
        parts = msgspec.json.decode(record.document, type=_Parts).findings
        own = [msgspec.json.decode(part, type=Finding) for part in parts if _REQUESTS in bytes(part)]
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise _corrupt(record, err) from err
    return Report(
        endpoint=record.endpoint,
        version=record.version,
        start=record.start,
        period_s=record.period_s,
        rows=0,
        alpha=0.0,
        findings=tuple(own),
    )


class _Parts(msgspec.Struct):
    findings: list[msgspec.Raw] = []


def _corrupt(record: ReportRecord, err: Exception) -> Corrupt:
    return Corrupt(
        f"the report of {record.endpoint} {record.version} on {record.period_s} s from {record.start} "
        f"cannot be read: {err}; it was written by a newer Hythe, or by another program"
    )
