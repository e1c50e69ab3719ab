"""The windows of one version and period, ready to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from hythe.base.errors import Unavailable
from hythe.monitor.service.served import Served
from hythe.monitor.windows.timing import Timing
from hythe.monitor.windows.window import Window, coarsen, merge_alike
from hythe.operations.monitoring.versions import Plans
from hythe.registry.reader import Reader
from hythe.registry.reports import PeriodKey
from hythe.registry.windows import Observations

GoOn: TypeAlias = Callable[[], bool]
_CHUNK_S = 1200
_BATCH = 50
"""Windows of a thousand features take 40 ms each, and `go_on` renews the lease between batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a version did in a period: `window` merged of all that was drawn for it, None where nothing was.

    Requests of share 0 are in none of it: those that asked for the version by number, came to it as a
    fallback, or were copies for a shadow. `notes` are sentences about what was left out.
    """

    digest: str
    served: Served
    window: Window | None = None
    notes: tuple[str, ...] = ()

    @property
    def timing(self) -> Timing:
        """The times to a reply of answered requests."""
        return self.window.request_s if self.window else Timing()


def gather(
    observations: Observations,
    reader: Reader,
    plans: Plans,
    key: PeriodKey,
    period_s: int,
    go_on: GoOn = lambda: True,
) -> Gathered:
    """Read and merge the windows of a version that lie within a period.

    The newest bundle by that number counts; windows of an earlier one are left out, and so are windows that
    are longer than the period.

    Raises:
        Corrupt: when a stored window cannot be read.
        Unavailable: when `go_on` says that somebody else goes on.

    """
    parts: list[Window] = []
    for found in read(observations, plans.endpoint, key.version, key.start, key.start + period_s, go_on):
        parts = coarsen([*parts, *found], period_s)
    digests = {window.revision: plans.digest(reader, key.version, window.revision) for window in parts}
    last = max(digests, key=lambda revision: revision or 0, default=None)
    newest = digests[last] if digests else plans.digest(reader, key.version, None)
    own = [window for window in parts if digests[window.revision] == newest]
    others = sum(window.rows for window in parts) - sum(window.rows for window in own)
    drawn = [window for window in own if window.share != 0]
    merged = merge_alike(drawn) if drawn else []
    most = max(merged, key=lambda window: window.rows, default=None)
    apart = _requests(own) - _requests(drawn)
    return Gathered(
        digest=newest,
        served=Served.of(drawn, key.start, period_s),
        window=None if most is None else replace(most, start=key.start, period_s=period_s, unknown={}),
        notes=_notes(others, apart, sum(window.rows for window in merged if window is not most)),
    )


def read(
    observations: Observations, endpoint: str, version: str, since: int, until: int, go_on: GoOn
) -> Iterator[list[Window]]:
    """Read the windows of a version that lie between two UTC seconds, some at a time.

    Raises:
        Corrupt: when a stored window cannot be read.
        Unavailable: when `go_on` says that somebody else goes on.

    """
    for start in range(since, until, _CHUNK_S):
        end = min(start + _CHUNK_S, until)
        records = observations.read(endpoint, version, since=start, until=end)
        own = [each for each in records if start <= each.start and each.start + each.period_s <= until]
        for place in range(0, max(len(own), 1), _BATCH):
            if not go_on():
                raise Unavailable(f"another process monitors {endpoint!r} now")
            yield [
                replace(Window.decode(record.document), unknown={}) for record in own[place : place + _BATCH]
            ]


def _requests(windows: Sequence[Window]) -> int:
    return sum(sum(window.requests.values()) for window in windows)


def _notes(others: int, apart: int, unlike: int) -> tuple[str, ...]:
    notes = []
    if others:
        notes.append(f"{others:,} rows were answered by an earlier bundle of this number, and are left out")
    if unlike:
        notes.append(f"{unlike:,} rows were counted over other bins than the rest, and are left out")
    if apart:
        notes.append(
            f"{apart:,} requests asked for this version by number, came to it as a fallback or were a "
            "shadow's, and are left out"
        )
    return tuple(notes)
