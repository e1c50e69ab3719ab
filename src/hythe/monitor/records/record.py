"""What a serving process hands over of one batch, or of some small ones: who was answered, and how.

A record is a head of fixed size, a layout, a body in MessagePack, and raw arrays:

    head    lengths of layout and body, rows, flags (uint32 each), UTC nanoseconds (int64), inference
            seconds, seconds from the model's end to the last answer written; of several batches in one
            record those two are 0, for each has its own in the body
    layout  `Layout`: the same for every batch of a version, so that both sides keep it
    body    `Body`: the requests, and arrays that are no numbers, as lists
    arrays  those of the layout with a dtype, C order, in turn

Layout and body are filled up to 8 bytes, so that the arrays lie where a processor wants them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from hythe.bundle.misfit import Fault
from hythe.monitor.records.arrays import NO_ARRAYS, Arrays, Field
from hythe.monitor.records.calls import NO_RUNS, Calls, Runs
from hythe.monitor.records.columns import wide

HEAD = struct.Struct("<4Iqdd")
RAN = 1
"""Flag of a record whose rows went through a model."""


class Reply(msgspec.Struct, array_like=True, gc=False):
    """How the request `id` ended, which was in an earlier record with the flag `LATER`.

    `duration_s` is from the request's arrival to its reply written.
    """

    id: str
    status: int
    bytes_out: int
    duration_s: float


class Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Feedback of row `row` of the request `id`: its `part` is `outcome` or `value:NAME`, `value` JSON."""

    id: str
    row: int
    part: str
    value: str


class Difference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The row with the prediction id `id`, which a shadow answered otherwise under the plan of `revision`.

    Greater `size` is worse, `document` is JSON of both answers.
    """

    id: str
    revision: int
    size: float
    document: str


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """What all batches of one version have in common."""

    endpoint: str
    version: str
    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()


class Whole(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The batch that a record is a slice of: the id of its first call, and its rows.

    `counts` tells whether the batch's run of the model counts with this slice; it does with one of them.
    """

    batch: str
    rows: int
    counts: bool


class Body(msgspec.Struct, array_like=True, gc=False):
    """What differs from batch to batch.

    The calls, in the order of their rows; the rows that the model refused; the arrays without a dtype, in
    the layout's order; replies to calls of earlier records; of a slice, what it is a slice of; what was told
    of predictions of the layout's endpoint, at the record's time; what a shadow answered otherwise; what was
    wrong with the rows of requests that were refused; the batches in it, where there are several.
    """

    calls: Calls
    refused: list[int] = []
    lists: list[list[Any]] = []
    replies: list[Reply] = []
    whole: Whole | None = None
    told: list[Told] = []
    differences: list[Difference] = []
    faults: list[Fault] = []
    runs: Runs = NO_RUNS


class BatchRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that was read; `inputs` and `outputs` have a row for each row of `calls`, or are empty.

    Arrays lie in the memory that the record was read from, and are cut out when asked for. `encode_s` is the
    time from the model's end to `at_ns`, in which the answers were written. `batch` names the run of the
    model: the id of its first call. `whole` is None unless the record is a slice of a larger batch.

    A record of several batches has them as `runs`, and `at_ns` is the last one's; all its rows were answered
    by one arm of one plan, in one second. `apart` gives them one by one.
    """

    layout: Layout
    at_ns: int
    rows: int
    ran: bool
    inference_s: float
    calls: Calls
    refused: list[int]
    inputs: Arrays
    outputs: Arrays
    encode_s: float = 0.0
    batch: str = ""
    replies: Sequence[Reply] = ()
    whole: Whole | None = None
    told: Sequence[Told] = ()
    differences: Sequence[Difference] = ()
    faults: Sequence[Fault] = ()
    runs: Runs = NO_RUNS

    @property
    def run_rows(self) -> int:
        """How many rows the run of the model had, of which these may be a slice."""
        return self.rows if self.whole is None else self.whole.rows

    @property
    def counts_run(self) -> bool:
        """Whether there was a run of the model that counts with this record."""
        return self.ran and (self.whole is None or self.whole.counts)

    @property
    def batches(self) -> Runs:
        """Its batches, where there is one, too."""
        if self.runs:
            return self.runs
        inference_s = self.inference_s if self.ran else None
        return Runs([self.at_ns], [inference_s], [self.encode_s], len(self.calls), self.rows)

    def apart(self) -> Sequence[BatchRecord]:
        """Give each of its batches as a record of its own, without the arrays of several.

        >>> from hythe.monitor.records.call import Call
        >>> calls = Calls.of([Call("a", 1), Call("b", 2)])
        >>> runs = Runs([10, 20], [0.25, None], [0, 0], 1, [1, 2])
        >>> both = BatchRecord(Layout("churn", "1.0.0"), 20, 3, False, 0.0, calls, [], {}, {}, runs=runs)
        >>> [(one.at_ns, one.ran, one.batch, one.calls.id) for one in both.apart()]
        [(10, True, 'a', ['a']), (20, False, '', ['b'])]
        """
        if not self.runs:
            return (self,)
        runs, found, start = self.runs, [], 0
        calls, n = [*self.calls], len(runs)
        for place, (size, rows) in enumerate(zip(wide(runs.calls, n), wide(runs.rows, n), strict=True)):
            those, inference_s = Calls.of(calls[start : start + size]), runs.inference_s[place]
            ran = inference_s is not None
            found.append(
                BatchRecord(
                    self.layout, runs.at_ns[place], rows, ran, inference_s or 0.0, those, [], NO_ARRAYS,
                    NO_ARRAYS, runs.encode_s[place], those.id[0] if ran else "",
                )
            )  # fmt: skip
            start += size
        return found

    def moments(self) -> Sequence[int]:
        """Give the `at_ns` of each call."""
        runs = self.batches
        if runs.calls == 1:
            return runs.at_ns
        sizes = wide(runs.calls, len(runs))
        return [at_ns for at_ns, size in zip(runs.at_ns, sizes, strict=True) for _ in range(size)]


def padded(size: int) -> int:
    """Round up to a multiple of 8.

    >>> padded(1), padded(8)
    (8, 8)
    """
    return -(-size // 8) * 8
