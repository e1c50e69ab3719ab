"""Losses and scores from period to period, watched by detectors that add up what no period shows alone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, TypeAlias

import msgspec

from hythe.base.clock import DAY_S
from hythe.base.errors import Corrupt
from hythe.monitor.drift.streaming import Watched, watch
from hythe.monitor.finding import Finding, Report
from hythe.monitor.performance.findings import ANSWERS
from hythe.monitor.policy import MonitorPolicy
from hythe.registry.reports import ReportRecord, Reports

SHARE = 0.05
"""The share of the stated false alarms that detectors of streams may spend."""
LEARNED = 200
"""So many periods at least say how a stream varies."""
_BACK_S = 90 * DAY_S
_LOSSES = ("log_loss", "mae", "accuracy")
_OUTPUT = "output:"


class _Details(msgspec.Struct):
    mean: Any = None


class _Finding(msgspec.Struct):
    kind: str
    check: str
    subject: str
    value: float | None = None
    details: _Details = msgspec.field(default_factory=_Details)


class _Report(msgspec.Struct):
    """What of a report is watched; the rest is not read."""

    start: int
    findings: tuple[_Finding, ...] = ()


_Stream: TypeAlias = dict[int, float]
"""The mean of each period, by its first second."""


class Streams:
    """Reads a version's earlier reports once, and remembers what it was shown from then on.

    The mean loss of the labels that came in each period, the first of log loss, mean absolute error and
    accuracy that is known, and the mean of the last output. They are those of the policy's shortest periods.
    """

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._known: dict[tuple[str, str, int], dict[str, _Stream]] = {}

    def findings(self, report: Report, policy: MonitorPolicy) -> list[Finding]:
        """Say whether a loss or a score has changed, as found in this period; nothing while that is learned.

        Nothing where River is not installed.

        Raises:
            Corrupt: when an earlier report cannot be read.

        """
        if report.period_s != min(policy.periods_s) or find_spec("river") is None:
            return []
        known = self._until(report)
        share = SHARE / max(len(known), 1)
        return [
            finding
            for subject, stream in sorted(known.items())
            for finding in _watched(report, policy, subject, stream, share)
        ]

    def _until(self, report: Report) -> dict[str, _Stream]:
        """Give what is known of the report's version up to its period, that included."""
        key = report.endpoint, report.version, report.period_s
        if key not in self._known:
            streams: dict[str, _Stream] = {}
            for record in self._reports.read(
                report.endpoint, report.version, period_s=report.period_s,
                since=report.start - _BACK_S, until=report.start,
            ):  # fmt: skip
                _add(streams, _read(record))
            self._known[key] = streams
        _add(self._known[key], msgspec.convert(report, _Report, from_attributes=True))
        self._known[key] = _since(self._known[key], report.start - _BACK_S)
        return {
            subject: {start: value for start, value in sorted(stream.items()) if start <= report.start}
            for subject, stream in self._known[key].items()
        }


def _read(record: ReportRecord) -> _Report:
    try:
        return msgspec.json.decode(record.document, type=_Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise Corrupt(f"the report on {record.period_s} s from {record.start} cannot be read: {err}") from err


def _add(streams: dict[str, _Stream], report: _Report) -> None:
    for subject, value in _values(report):
        streams.setdefault(subject, {})[report.start] = value


def _since(streams: dict[str, _Stream], first: int) -> dict[str, _Stream]:
    """Forget what is older, so that a process which runs for years holds no more than one just begun."""
    kept = {
        subject: {start: value for start, value in stream.items() if start >= first}
        for subject, stream in streams.items()
    }
    return {subject: stream for subject, stream in kept.items() if stream}


def _values(report: _Report) -> Iterator[tuple[str, float]]:
    """Give the mean loss and the mean score of a report, by subject."""
    losses = {
        each.check: each.value
        for each in report.findings
        if each.kind == "performance" and each.subject == ANSWERS and each.value is not None
    }
    for name in [name for name in _LOSSES if name in losses][:1]:
        yield f"loss:{name}", losses[name]
    means = {
        each.subject: each.details.mean
        for each in report.findings
        if each.subject.startswith(_OUTPUT) and isinstance(each.details.mean, int | float)
    }
    for last in sorted(means)[-1:]:
        yield f"score:{last.removeprefix(_OUTPUT)}", float(means[last])


def _watched(
    report: Report, policy: MonitorPolicy, subject: str, stream: _Stream, share: float
) -> list[Finding]:
    """Watch one stream; what is found in the report's own period alarms."""
    starts = list(stream)
    if len(starts) <= LEARNED or report.start not in stream:
        return []
    last_learned = max(starts[0] + round(policy.learning_days * DAY_S), starts[LEARNED - 1])
    watched = Watched(
        subject=subject,
        kind="performance" if subject.startswith("loss:") else "drift",
        learn_until=last_learned + report.period_s + 1,
        since=report.start + report.period_s,
        false_alarms=share * policy.false_alarms,
        horizon_s=policy.horizon_days * DAY_S,
        seasonal=True,
    )
    ends = [start + report.period_s for start in starts]
    found = watch(ends, list(stream.values()), watched)
    return [finding for finding in found if finding.verdict != "too_little"]
