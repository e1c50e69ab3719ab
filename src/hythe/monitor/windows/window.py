"""Exact, mergeable counts of what one version of an endpoint did in a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import msgspec

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.canonical import canonical
from hythe.monitor.windows.timing import Timing
from hythe.statistics.powers import PowerSums


class Tally(msgspec.Struct, frozen=True, omit_defaults=True):
    """One feature or output: how many values fell into each cell of the baseline's bins, and power sums.

    The cells mean what the baseline of the window's version says (`hythe.statistics.bins`).
    """

    cells: tuple[int, ...]
    powers: PowerSums | None = None

    def __add__(self, other: Tally) -> Tally:
        """Merge; raises Invalid when the bins or centres are others."""
        return Tally.sum((self, other))

    @classmethod
    def sum(cls, tallies: Sequence[Tally]) -> Tally:
        """Merge one or more; raises Invalid when the bins or centres are others.

        >>> Tally.sum([Tally((1, 0, 2)), Tally((0, 5, 1)), Tally((1, 1, 1))])
        Tally(cells=(2, 6, 4), powers=None)
        """
        powers = [tally.powers for tally in tallies if tally.powers is not None]
        if len({len(tally.cells) for tally in tallies}) > 1 or len(powers) not in {0, len(tallies)}:
            raise Invalid("tallies over different bins cannot be merged; count with the same baseline")
        cells = tuple(map(sum, zip(*[tally.cells for tally in tallies], strict=True)))
        return cls(cells, reduce(add, powers) if powers else None)

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
    holds what guards declare, whole numbers that add up. `faults` counts refused requests by what was wrong
    with which column of the schema: `unit:weight`, `document:` (see `hythe.bundle.misfit`). `unknown` is what
    a newer Hythe wrote: it stays with the window, and is left out of a merged one.
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
    faults: Mapping[str, int] = {}
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
    return merge_all((one, other))


def merge_all(windows: Sequence[Window]) -> Window:
    """Add one or more windows of one endpoint and version up, as `merge` does with two, but faster.

    >>> merge_all([Window("churn", "1.0.0", second, rows=2) for second in range(60)]).rows
    120

    Raises:
        Invalid: when they are of different endpoints or versions, or over different bins.

    """
    first = windows[0]
    for other in windows:
        if (other.endpoint, other.version) != (first.endpoint, first.version):
            raise Invalid(
                f"windows of {first.endpoint} {first.version} and {other.endpoint} {other.version} "
                "cannot be merged; merge those of one version"
            )
    start, end = min([one.start for one in windows]), max([one.end for one in windows])
    return Window(
        endpoint=first.endpoint,
        version=first.version,
        start=start,
        period_s=end - start,
        share=_common([one.share for one in windows]),
        revision=_common([one.revision for one in windows]),
        requests=_each([one.requests for one in windows], sum),
        features=_each([one.features for one in windows], Tally.sum),
        outputs=_each([one.outputs for one in windows], Tally.sum),
        statistics=_each([one.statistics for one in windows], _columns),
        faults=_each([one.faults for one in windows], sum),
        **{name: sum([getattr(one, name) for one in windows]) for name in _NUMBERS},
        **{name: reduce(add, [getattr(one, name) for one in windows]) for name in _TIMINGS},
    )


_NUMBERS = (
    "rows", "answered_rows", "counted_rows", "runs", "run_rows", "degraded", "cached", "rescued",
)  # fmt: skip
_TIMINGS = ("request_s", "unanswered_s", "queue_s", "inference_s")


def coarsen(windows: Iterable[Window], period_s: int) -> list[Window]:
    """Merge windows of one endpoint, version, share and revision into whole periods of `period_s` seconds.

    Windows that are longer already, and those with `unknown` parts, stay as they are; those that cannot be
    added up, being counted over other bins, stay apart.
    """
    kept: list[Window] = []
    groups: dict[tuple[str, str, float | None, int | None, int], list[Window]] = {}
    for window in windows:
        if window.period_s > period_s or window.unknown:
            kept.append(window)
            continue
        start = window.start // period_s * period_s
        key = (window.endpoint, window.version, window.share, window.revision, start)
        groups.setdefault(key, []).append(window)
    for (*_, start), group in groups.items():
        kept += [
            msgspec.structs.replace(whole, start=start, period_s=period_s) for whole in merge_alike(group)
        ]
    return sorted(
        kept, key=lambda w: (w.start, w.endpoint, w.version, w.share or 0.0, w.revision or 0, w.period_s)
    )


def merge_alike(windows: Sequence[Window]) -> list[Window]:
    """Add up windows of one endpoint and version: one, or one for each kind of bins that they were over."""
    try:
        return [merge_all(windows)]
    except Invalid:
        pass
    found: list[Window] = []
    for window in windows:
        for place, known in enumerate(found):
            try:
                found[place] = merge(known, window)
                break
            except Invalid:
                continue
        else:
            found.append(window)
    return found


def _common(values: Sequence[Any]) -> Any:
    """Give the value that all have, None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _each(parts: Sequence[Mapping[str, Any]], total: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """Give the `total` of the values of each name."""
    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, value in part.items():
            found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else total(values) for name, values in found.items()}


def _columns(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Sum the first numbers, the second ones, and so on."""
    try:
        return tuple(map(sum, zip(*rows, strict=True)))
    except ValueError as err:
        lengths = ", ".join(map(str, sorted({len(row) for row in rows})))
        raise Invalid(f"a statistic of {lengths} numbers cannot be added up; it is another one now") from err
