"""Exact, mergeable counts of what one version of an endpoint did in a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.canonical import canonical
from hythe.monitor.timing import Timing
from hythe.statistics.powers import PowerSums


class Tally(msgspec.Struct, frozen=True, omit_defaults=True):
    """One feature or output: how many values fell into each cell of the baseline's bins, and power sums.

    The cells mean what the baseline of the window's version says (`hythe.statistics.bins`).
    """

    cells: tuple[int, ...]
    powers: PowerSums | None = None

    def __add__(self, other: Tally) -> Tally:
        """Merge; raises Invalid when the bins or centres are others."""
        if len(self.cells) != len(other.cells) or (self.powers is None) != (other.powers is None):
            raise Invalid("tallies over different bins cannot be merged; count with the same baseline")
        cells = tuple(a + b for a, b in zip(self.cells, other.cells, strict=True))
        powers = self.powers + other.powers if self.powers is not None and other.powers is not None else None
        return Tally(cells, powers)

    @property
    def total(self) -> int:
        """How many values were counted, missing ones included."""
        return sum(self.cells)


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened from second `start` (UTC, since 1970) for `period_s` seconds.

    `share` is the arm's share of the traffic at prediction time, by the plan of `revision`; 0 where a request
    asked for the version by number, came to it as a fallback or was a shadow's. Either is None where windows
    of several were merged. `requests` counts by outcome and reason: `answered`, `refused:invalid`,
    `failed:unavailable`. `rescued` requests are not among them: this arm failed them and another version
    answered, which counts them. `rows` came with requests,
    `answered_rows` were answered, `counted_rows` are in `features`. `runs` are calls of the model, of
    `run_rows` rows together. `request_s` times answered requests, `unanswered_s` the others. `statistics`
    holds what guards declare, whole numbers that add up. `unknown` is what a newer Hythe wrote: it stays
    with the window, and is left out of a merged one.
    """

    endpoint: str
    version: str
    start: int
    period_s: int = 1
    share: float | None = 1.0
    revision: int | None = 0
    requests: Mapping[str, int] = {}
    rows: int = 0
    answered_rows: int = 0
    counted_rows: int = 0
    runs: int = 0
    run_rows: int = 0
    degraded: int = 0
    cached: int = 0
    rescued: int = 0
    request_s: Timing = Timing()
    unanswered_s: Timing = Timing()
    queue_s: Timing = Timing()
    inference_s: Timing = Timing()
    features: Mapping[str, Tally] = {}
    outputs: Mapping[str, Tally] = {}
    statistics: Mapping[str, tuple[int, ...]] = {}
    unknown: Mapping[str, Any] = {}

    @property
    def end(self) -> int:
        """The first second that is no longer in it."""
        return self.start + self.period_s

    def count(self, outcome: str) -> int:
        """Count the requests of one outcome, whatever the reason."""
        return sum(n for name, n in self.requests.items() if name.partition(":")[0] == outcome)

    def encode(self) -> bytes:
        """Write canonical JSON: equal windows are equal bytes."""
        document = msgspec.to_builtins(self)
        return canonical({**document.pop("unknown", {}), **document})

    @classmethod
    def decode(cls, raw: bytes | str) -> Window:
        """Read what `encode` wrote; raises Corrupt when it cannot be read."""
        try:
            document = msgspec.json.decode(raw)
            window = msgspec.convert(document, cls, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError) as err:
            raise Corrupt(f"a window cannot be read: {err}; remove it, or put a backup back") from err
        unknown = {name: value for name, value in document.items() if name not in _FIELDS}
        return msgspec.structs.replace(window, unknown=unknown) if unknown else window


_FIELDS = set(Window.__struct_fields__)


def merge(one: Window, other: Window) -> Window:
    """Add two windows of one endpoint and version up; their time is what spans both.

    The order and the grouping of merges make no difference, to the last bit.

    Raises:
        Invalid: when they are of different endpoints or versions, or over different bins.

    """
    if (one.endpoint, one.version) != (other.endpoint, other.version):
        raise Invalid(
            f"windows of {one.endpoint} {one.version} and {other.endpoint} {other.version} "
            "cannot be merged; merge those of one version"
        )
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Window(
        endpoint=one.endpoint,
        version=one.version,
        start=start,
        period_s=end - start,
        share=one.share if one.share == other.share else None,
        revision=one.revision if one.revision == other.revision else None,
        requests=_added(one.requests, other.requests),
        features=_added(one.features, other.features),
        outputs=_added(one.outputs, other.outputs),
        statistics=_summed(one.statistics, other.statistics),
        **{name: getattr(one, name) + getattr(other, name) for name in _SUMS},
    )


_SUMS = (
    "rows", "answered_rows", "counted_rows", "runs", "run_rows", "degraded", "cached", "rescued",
    "request_s", "unanswered_s", "queue_s", "inference_s",
)  # fmt: skip


def coarsen(windows: Iterable[Window], period_s: int) -> list[Window]:
    """Merge windows of one endpoint, version, share and revision into whole periods of `period_s` seconds.

    Windows that are longer already, and those with `unknown` parts, stay as they are.
    """
    kept: list[Window] = []
    merged: dict[tuple[str, str, float | None, int | None, int], Window] = {}
    for window in windows:
        if window.period_s > period_s or window.unknown:
            kept.append(window)
            continue
        start = window.start // period_s * period_s
        key = (window.endpoint, window.version, window.share, window.revision, start)
        whole = msgspec.structs.replace(window, start=start, period_s=period_s)
        merged[key] = merge(merged[key], whole) if key in merged else whole
    return sorted(
        [*kept, *merged.values()],
        key=lambda w: (w.start, w.endpoint, w.version, w.share or 0.0, w.revision or 0),
    )


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        found[name] = found[name] + value if name in found else value
    return found


def _summed(
    one: Mapping[str, tuple[int, ...]], other: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    found = dict(one)
    for name, values in other.items():
        known = found.get(name)
        found[name] = values if known is None else tuple(a + b for a, b in zip(known, values, strict=True))
    return found
