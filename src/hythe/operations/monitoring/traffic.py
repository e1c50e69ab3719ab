"""How much an endpoint's versions were asked, and how they served: read off windows, values left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.service.limits import QUANTILES
from hythe.monitor.windows.timing import Timing
from hythe.registry.windows import Observations, WindowRecord

PARTS = 24
"""How many parts of the time are told apart."""


class VersionTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """What one version did between two moments; `parts` counts its requests in equal parts of that time.

    `requests` are by outcome and reason, those that asked for it by number, came to it as a fallback or were
    copies for a shadow `apart`. `failed` is a share of those it should have answered; quantiles are in
    seconds, None of none.
    """

    version: str
    requests: Mapping[str, int]
    apart: int
    rows: int
    per_second: float
    failed: float
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    parts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many requests were drawn for it."""
        return sum(self.requests.values())


class _Window(msgspec.Struct, frozen=True):
    """Those fields of a window that say how it was served."""

    version: str
    start: int
    period_s: int = 1
    share: float | None = 1.0
    requests: Mapping[str, int] = {}
    rows: int = 0
    rescued: int = 0
    request_s: Timing = Timing()


def traffic(observations: Observations, endpoint: str, since: int, until: int) -> list[VersionTraffic]:
    """Add up what each version did between two UTC seconds; those asked most first.

    Raises:
        Corrupt: when a window cannot be read.

    """
    by_version: dict[str, list[_Window]] = {}
    for record in observations.read(endpoint, since=since, until=until):
        window = _decoded(record)
        by_version.setdefault(window.version, []).append(window)
    found = [_summed(version, windows, since, until) for version, windows in by_version.items()]
    return sorted(found, key=lambda each: (-each.total, each.version))


def _decoded(record: WindowRecord) -> _Window:
    try:
        return msgspec.json.decode(record.document, type=_Window, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise Corrupt(f"a window of {record.endpoint} cannot be read: {err}; put a backup back") from err


def _summed(version: str, windows: list[_Window], since: int, until: int) -> VersionTraffic:
    drawn = [window for window in windows if window.share != 0]
    requests: dict[str, int] = {}
    for window in drawn:
        for outcome, n in window.requests.items():
            requests[outcome] = requests.get(outcome, 0) + n
    answered = sum(n for outcome, n in requests.items() if outcome.partition(":")[0] == "answered")
    failed = sum(n for outcome, n in requests.items() if outcome.partition(":")[0] == "failed")
    failed += sum(window.rescued for window in drawn)
    timing = reduce(add, [window.request_s for window in drawn], Timing())
    quantiles = {f"{name}_s": _finite(timing.quantile(q)) for name, q in QUANTILES.items()}
    return VersionTraffic(
        version=version,
        requests=requests,
        apart=sum(_total(window) for window in windows) - sum(_total(window) for window in drawn),
        rows=sum(window.rows for window in drawn),
        per_second=sum(requests.values()) / max(1, until - since),
        failed=failed / (answered + failed) if answered + failed else 0.0,
        parts=_parts(drawn, since, until),
        **quantiles,
    )


def _parts(windows: Iterable[_Window], since: int, until: int) -> tuple[int, ...]:
    found = [0] * PARTS
    for window in windows:
        middle = window.start + window.period_s / 2
        part = math.floor((middle - since) * PARTS / max(1, until - since))
        found[min(max(part, 0), PARTS - 1)] += _total(window)
    return tuple(found)


def _total(window: _Window) -> int:
    return sum(window.requests.values())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
