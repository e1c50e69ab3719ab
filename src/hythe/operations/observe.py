"""What an endpoint's versions did lately, in the figures that people look at first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import NotFound
from hythe.monitor.windows.shadows import Shadow, ShadowCounts
from hythe.monitor.windows.timing import Timing
from hythe.monitor.windows.window import Tally, Window, merge
from hythe.operations.windows import windows
from hythe.registry.windows import Observations


class SeenValues(msgspec.Struct, frozen=True):
    """One feature or output: how many values, the share that is missing, and the mean of numbers."""

    values: int
    missing: float
    mean: float | None = None


class SeenShadow(msgspec.Struct, frozen=True):
    """What a version did as a shadow: `copies` of requests, of which `failed` have no answer.

    Of the others, `changed` is the mean share of a request's rows with another label than the champion's, and
    `moved` of those whose score moved by more than the plan's margin; None before the first. `slower` copies
    took longer than the champion's would have.
    """

    copies: int
    failed: int
    changed: float | None
    moved: float | None
    slower: int


class SeenVersion(msgspec.Struct, frozen=True):
    """One version: requests by outcome and reason, and the quantiles of answered requests in seconds.

    `counted_rows` of `rows` are in `features`; where there is nothing to take a quantile of, it is None. A
    shadow's copies are no requests: `shadow` has them, None where there were none.
    """

    version: str
    requests: Mapping[str, int]
    per_second: float
    failed: float
    rows: int
    answered_rows: int
    counted_rows: int
    p50_s: float | None
    p99_s: float | None
    features: Mapping[str, SeenValues]
    outputs: Mapping[str, SeenValues]
    shadow: SeenShadow | None = None


class Seen(msgspec.Struct, frozen=True):
    """What windows hold of an endpoint between two UTC seconds; all shares of a version together."""

    endpoint: str
    since: int
    until: int
    versions: tuple[SeenVersion, ...]


def observe(observations: Observations, endpoint: str, seconds: float, clock: Clock | None = None) -> Seen:
    """Read the last `seconds` of an endpoint.

    Raises:
        NotFound: when nothing was ever observed of it.

    """
    until = math.ceil((clock or SystemClock()).now().timestamp())
    since = until - math.ceil(seconds)
    known = observations.endpoints()
    if endpoint not in known:
        raise NotFound(
            f"nothing was observed of endpoint {endpoint!r}; observed: {', '.join(known) or 'none yet'}"
        )
    merged: dict[str, Window] = {}
    for window in windows(observations, endpoint, since=since, until=until):
        known_window = merged.get(window.version)
        merged[window.version] = window if known_window is None else merge(known_window, window)
    versions = (_version(merged[name], until - since) for name in sorted(merged))
    return Seen(endpoint, since, until, tuple(versions))


def _version(window: Window, seconds: int) -> SeenVersion:
    total = sum(window.requests.values())
    return SeenVersion(
        version=window.version,
        requests=dict(window.requests),
        per_second=total / seconds,
        failed=window.count("failed") / total if total else 0.0,
        rows=window.rows,
        answered_rows=window.answered_rows,
        counted_rows=window.counted_rows,
        p50_s=_quantile(window.request_s, 0.5),
        p99_s=_quantile(window.request_s, 0.99),
        features={name: _values(tally) for name, tally in window.features.items()},
        outputs={name: _values(tally) for name, tally in window.outputs.items()},
        shadow=_shadow(window.statistics.get(Shadow.name)),
    )


def _shadow(numbers: Sequence[int] | None) -> SeenShadow | None:
    if not numbers:
        return None
    found = ShadowCounts(*numbers)
    return SeenShadow(found.copies, found.failed, found.mean_changed, found.mean_moved, found.slower)


def _values(tally: Tally) -> SeenValues:
    mean = None if tally.powers is None else tally.powers.moments().mean
    return SeenValues(tally.total, tally.cells[0] / tally.total if tally.total else 0.0, mean)


def _quantile(timing: Timing, q: float) -> float | None:
    found = timing.quantile(q)
    return found if math.isfinite(found) else None
