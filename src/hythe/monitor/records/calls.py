"""Requests as columns: what most of them have in common is written and read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress

import msgspec
from msgspec.structs import astuple

from hythe.monitor.records.call import Call
from hythe.monitor.records.columns import narrow, stacked, wide


class Calls(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So many requests; each field is one of `Call`: a list with a value for each, or the value of all.

    >>> calls = Calls.of([Call("a", 1), Call("b", 1, flags=2)])
    >>> calls.id, calls.rows, calls.flags
    (['a', 'b'], 1, [0, 2])
    >>> [*calls] == [Call("a", 1), Call("b", 1, flags=2)]
    True
    """

    n: int = 0
    id: list[str] = []
    rows: int | list[int] = 0
    outcome: str | list[str] = ""
    reason: str | list[str] = ""
    duration_s: float | list[float] = 0.0
    queue_s: float | list[float] = 0.0
    share: float | list[float] = 0.0
    key: str | list[str] = ""
    caller: str | list[str] = ""
    door: str | list[str] = ""
    status: int | list[int] = 0
    bytes_in: int | list[int] = 0
    bytes_out: int | list[int] = 0
    trace: str | list[str] = ""
    flags: int | list[int] = 0
    first: int | list[int] = 0
    path: str | list[str] = ""
    revision: int | list[int] = 0
    changed: int | list[int] = 0
    moved: int | list[int] = 0

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Calls:
        """Make columns of requests."""
        if len(calls) == 1:
            (call,) = calls
            return cls(1, [call.id], *astuple(call)[1:])
        if not calls:
            return NO_CALLS
        ids, *columns = zip(*map(astuple, calls), strict=True)
        return cls(len(calls), [*ids], *map(narrow, columns))

    @classmethod
    def stacked(cls, parts: Iterable[Calls]) -> Calls:
        """Put some behind each other."""
        found = [part for part in parts if part.n]
        if len(found) < 2:  # noqa: PLR2004 - nothing to stack
            return found[0] if found else NO_CALLS
        sizes = [part.n for part in found]
        ids, *columns = zip(*[astuple(part)[1:] for part in found], strict=True)
        return cls(
            sum(sizes),
            [one for those in ids for one in those],
            *[stacked(zip(column, sizes, strict=True)) for column in columns],
        )

    def __len__(self) -> int:
        """Give their number."""
        return self.n

    def __iter__(self) -> Iterator[Call]:
        """Give each as a `Call`."""
        _, ids, *columns = astuple(self)
        return map(Call, ids, *[wide(column, self.n) for column in columns])

    @property
    def n_rows(self) -> int:
        """How many rows they have together."""
        return sum(self.rows) if isinstance(self.rows, list) else self.n * self.rows

    def chosen(self, marks: Sequence[bool]) -> Calls:
        """Give those that are marked, in their order."""
        _, ids, *columns = astuple(self)
        kept = [*compress(ids, marks)]
        if not kept:
            return NO_CALLS
        narrowed = [narrow([*compress(c, marks)]) if isinstance(c, list) else c for c in columns]
        return Calls(len(kept), kept, *narrowed)

    def having(self, flags: int) -> list[bool] | None:
        """Mark those that have one of `flags`; None where none has, which is cheap to tell."""
        if isinstance(self.flags, list):
            found = [bool(one & flags) for one in self.flags]
            return found if any(found) else None
        return [True] * self.n if self.flags & flags else None


NO_CALLS = Calls()


class Runs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The batches of a record that has several: each is of the next `calls` requests, with so many `rows`.

    `inference_s` is None where the answers are those of an earlier run. `at_ns` and `encode_s` are those of
    `hythe.monitor.records.record.BatchRecord`. There are none where `at_ns` is empty.
    """

    at_ns: list[int] = []
    inference_s: list[float | None] = []
    encode_s: list[float] = []
    calls: int | list[int] = 0
    rows: int | list[int] = 0

    def __len__(self) -> int:
        """Give their number."""
        return len(self.at_ns)


NO_RUNS = Runs()
