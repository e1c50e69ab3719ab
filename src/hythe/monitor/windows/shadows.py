"""What shadows did, counted: how many copies, how many failed, which part of their rows differed."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hythe.monitor.records.call import SLOWER
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.group import Group, Requests

MOST = 20
"""How many differences are kept of a version under one plan."""


class ShadowCounts(NamedTuple):
    """The numbers of the statistic `shadow`: they add up.

    `copies` were asked for, of which `failed` have no answer. Of the others, `changed` sums the part of the
    rows whose label changed, in whole thousandths of each request, and `changed_squares` the squares of
    these; `moved` and `moved_squares` the same of rows whose score moved by more than the plan's margin.
    `slower` calls took longer than the champion's would have.

    >>> counts = ShadowCounts(copies=4, failed=1, changed=1500, changed_squares=1250000)
    >>> counts.compared, counts.mean_changed
    (3, 0.5)
    """

    copies: int = 0
    failed: int = 0
    changed: int = 0
    changed_squares: int = 0
    moved: int = 0
    moved_squares: int = 0
    slower: int = 0

    @property
    def compared(self) -> int:
        """How many copies have answers that were compared."""
        return self.copies - self.failed

    @property
    def mean_changed(self) -> float | None:
        """The mean part of a request's rows whose label changed; None before the first."""
        return self.changed / 1000 / self.compared if self.compared else None

    @property
    def mean_moved(self) -> float | None:
        """The mean part of a request's rows whose score moved; None before the first."""
        return self.moved / 1000 / self.compared if self.compared else None


class Shadow:
    """Counts copies that a version answered as a shadow; a window without any has no such statistic."""

    name = "shadow"

    def count(self, _requests: Requests, group: Group) -> Sequence[int]:
        """Count as `ShadowCounts` says."""
        calls = group.copies
        if not calls:
            return ()
        n = len(calls)
        changed, moved, slower = wide(calls.changed, n), wide(calls.moved, n), calls.having(SLOWER)
        return ShadowCounts(
            copies=n,
            failed=n - wide(calls.outcome, n).count("answered"),
            changed=sum(changed),
            changed_squares=sum([value * value for value in changed]),
            moved=sum(moved),
            moved_squares=sum([value * value for value in moved]),
            slower=sum(slower or []),
        )


class Worst:
    """Keeps the worst differences of each version under each plan, from all processes of a server."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[tuple[str, int, str], list[Disagreement]] = {}

    def take(self, records: Iterable[BatchRecord]) -> None:
        """Look through records."""
        for record in records:
            for told in record.differences:
                layout = record.layout
                found = Disagreement(
                    told.size,
                    told.id,
                    layout.endpoint,
                    told.revision,
                    layout.version,
                    record.at_ns,
                    told.document,
                )
                kept = self._kept.setdefault((layout.endpoint, told.revision, layout.version), [])
                if len(kept) < self._most:
                    heapq.heappush(kept, found)
                else:
                    heapq.heappushpop(kept, found)

    def hand_on(self) -> list[Disagreement]:
        """Give them, and begin anew."""
        kept, self._kept = self._kept, {}
        return [found for those in kept.values() for found in those]


class Disagreement(NamedTuple):
    """A row that a shadow answered otherwise; `id` is the row's prediction id, `document` JSON of both."""

    size: float
    id: str
    endpoint: str
    revision: int
    version: str
    at_ns: int
    document: str
