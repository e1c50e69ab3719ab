"""Watches a stream of losses or scores by detectors that look at every value, at a stated rate of alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.monitor.drift import adwin, page_hinkley
from hythe.monitor.drift.stream import Floats, Stream, prepare
from hythe.monitor.finding import Finding, Kind, Verdict

Detector = Callable[[Stream, float, float], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is watched, and how: `subject` such as `loss:log_loss` or `score`.

    Values before `learn_until` (UTC seconds) say what is normal; what is found at `since` or later alarms.
    Where nothing changes there are at most `false_alarms` alarms in `horizon_s`, on average, of all detectors
    together. `seasonal` streams have the mean of each hour taken away.
    """

    subject: str
    learn_until: int
    since: int
    kind: Kind = "performance"
    false_alarms: float = 1.0
    horizon_s: float = 90 * 86400.0
    seasonal: bool = False


def watch(times: Sequence[int], values: Sequence[float], watched: Watched) -> list[Finding]:
    """Look for changes of the mean of `values`, which came in order at `times` (UTC seconds).

    One finding for each detector: ADWIN and Page-Hinkley. Too few values while learning are said to be so.

    Raises:
        Invalid: when there are not as many times as values, or they are not in order.
        Unsupported: when River is not installed.

    """
    if len(times) != len(values) or np.any(np.diff(np.asarray(times)) < 0):
        raise Invalid(
            f"{len(values)} values of {watched.subject} have {len(times)} times; give as many of "
            "both, sorted by time"
        )
    try:
        stream = prepare(times, values, watched.learn_until, seasonal=watched.seasonal)
    except Invalid as err:
        return [_finding(watched, name, "too_little", str(err)) for name in DETECTORS]
    share = watched.false_alarms / len(DETECTORS)
    expected = stream.expected(watched.horizon_s)
    return [
        _judged(watched, name, stream, detector(stream, share, expected))
        for name, detector in DETECTORS.items()
    ]


def onset(values: Floats) -> int:
    """Say where a change of the mean of `values` most likely began (Hinkley 1970).

    >>> onset(np.array([0.0, 1.0, 0.0, 1.0, 5.0, 6.0]))
    4
    """
    n = len(values)
    places = np.arange(1, n)
    sums = np.cumsum(values)
    apart = sums[:-1] - places * (sums[-1] / n)
    return int(np.argmax(apart**2 / (places * (n - places)))) + 1 if n > 1 else 0


def _adwin(stream: Stream, false_alarms: float, expected: float) -> list[int]:
    return adwin.changes(stream.values.tolist(), adwin.delta_for(false_alarms, expected))


def _page_hinkley(stream: Stream, false_alarms: float, expected: float) -> list[int]:
    learned = stream.values[: stream.learned]
    threshold = page_hinkley.threshold_for(false_alarms, expected, learned)
    return page_hinkley.changes(stream.values.tolist(), threshold)


DETECTORS: Mapping[str, Detector] = MappingProxyType({"adwin": _adwin, "page_hinkley": _page_hinkley})
"""The detectors, by the name of their check."""


def _judged(watched: Watched, name: str, stream: Stream, places: Sequence[int]) -> Finding:
    fresh = [place for place in places if stream.times[place] >= watched.since and place >= stream.learned]
    n = len(stream.values) * stream.block
    if not fresh:
        return _finding(watched, name, "ok", f"the mean of {watched.subject} has not changed", n)
    before = max([0, *(place + 1 for place in places if place < fresh[0])])
    start = before + onset(stream.values[before : fresh[0] + 1])
    was, now = _mean(stream, before, start), _mean(stream, start, len(stream.values))
    began, found = (_time(stream.times, place) for place in (start, fresh[0]))
    message = (
        f"the mean of {watched.subject} went from {was:.4g} to {now:.4g} at about {began}, found {found}; "
        "see what changed then"
    )
    details = {"before": was, "now": now, "moved": now - was, "began": began, "found": found}
    return _finding(watched, name, "alarm", message, n, {**details, "block": stream.block})


def _finding(
    watched: Watched,
    name: str,
    verdict: Verdict,
    message: str,
    n: int = 0,
    details: Mapping[str, Any] = MappingProxyType({}),
) -> Finding:
    return Finding(
        kind=watched.kind,
        check=name,
        subject=watched.subject,
        verdict=verdict,
        message=message,
        value=details.get("moved"),
        n=n,
        details=dict(details),
    )


def _mean(stream: Stream, first: int, last: int) -> float:
    """Give the mean of blocks in the unit of the values."""
    inside = stream.values[first:last]
    return float(f"{stream.mean + stream.spread * float(inside.mean()):.6g}")


def _time(times: NDArray[np.int64], place: int) -> str:
    return datetime.fromtimestamp(int(times[place]), UTC).isoformat(timespec="seconds")
