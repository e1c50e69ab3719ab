"""What the windows of a rollout's plans add up to, by plan, version and share of the traffic.

A window is read once, however often one looks; when it is merged into a longer one, its part goes and the
merged one's comes. All are whole numbers, so that the sums stay exact.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.windows.timing import Timing
from hythe.registry.windows import Observations, WindowKey, WindowRecord

Counts: TypeAlias = Counter[str | int]
"""Requests by outcome, durations of answered ones by the place of their bucket (the whole numbers), and the
parts of what guards declare (`prediction.0`, `shadow.0`, …)."""


class Cell(NamedTuple):
    """One arm under one plan: its revision, the version, and the share of the traffic that it had."""

    revision: int
    version: str
    share: float


Sums: TypeAlias = Mapping[Cell, Counts]


class Seen(msgspec.Struct, frozen=True):
    """The part of a window that guards look at; the rest is skipped, which is far cheaper than to read it."""

    version: str
    share: float | None = 1.0
    requests: Mapping[str, int] = {}
    rescued: int = 0
    request_s: Timing = Timing()
    statistics: Mapping[str, tuple[int, ...]] = {}


_ENOUGH = 500
"""Windows that tell well enough what the champion is like: each is of a second or more."""
_DECODER = msgspec.json.Decoder(Seen)


def counts_of(seen: Seen) -> Counts:
    """Sort out what one window counted.

    >>> found = counts_of(Seen("1.0.0", requests={"answered": 9, "refused:invalid": 2, "failed:internal": 1}))
    >>> found["answered"], found["refused"], found["invalid"], found["failed"]
    (9, 2, 2, 1)
    """
    found: Counts = Counter(seen.request_s.buckets)
    for name, n in seen.requests.items():
        outcome, _, reason = name.partition(":")
        found[outcome] += n
        if outcome == "refused" and reason == "invalid":
            found["invalid"] += n
    found["rescued"] += seen.rescued
    for name, values in seen.statistics.items():
        for place, value in enumerate(values):
            found[f"{name}.{place}"] += value
    return found


class Counted:
    """The sums of one endpoint's windows under some revisions of its plan; `look` brings them up to date."""

    def __init__(self, observations: Observations, endpoint: str) -> None:
        self._observations = observations
        self._endpoint = endpoint
        self._parts: dict[WindowKey, tuple[Cell, Counts]] = {}
        self._sums: dict[Cell, Counts] = defaultdict(Counter)

    def look(self, revisions: Iterable[int]) -> Sums:
        """Give the sums of the windows counted under these plans.

        Raises:
            Corrupt: when a stored window cannot be read.
            Unavailable: when the catalog is gone.

        """
        keys, new = self._observations.counted(self._endpoint, {*revisions}, self._parts.keys())
        for gone in self._parts.keys() - {*keys}:
            cell, part = self._parts.pop(gone)
            self._sums[cell].subtract(part)
        for record in new:
            seen = _decoded(record)
            # What was merged over several shares belongs to none: it is in no contrast.
            cell = Cell(record.revision, seen.version, seen.share or 0.0)
            part = Counter() if seen.share is None else counts_of(seen)
            self._parts[WindowKey(record.id, record.start, record.period_s)] = (cell, part)
            self._sums[cell].update(part)
        return self._sums


def newest(observations: Observations, endpoint: str, revision: int) -> Sums:
    """Give the sums of the windows that were stored last under one plan: enough of them to know it by.

    Raises:
        Corrupt: when a stored window cannot be read.

    """
    found: dict[Cell, Counts] = defaultdict(Counter)
    for record in observations.newest(endpoint, revision, _ENOUGH):
        seen = _decoded(record)
        if seen.share is not None:
            found[Cell(revision, seen.version, seen.share)].update(counts_of(seen))
    return found


def _decoded(record: WindowRecord) -> Seen:
    try:
        return _DECODER.decode(record.document)
    except msgspec.MsgspecError as err:
        raise Corrupt(
            f"a window of {record.endpoint} cannot be read: {err}; remove it, or put a backup back"
        ) from err
