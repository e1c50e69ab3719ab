"""Counts that processes share: each writes only its own region of one memory, and anybody reads the sum.

A region is a directory that only grows: the number of bytes used, then for each series the lengths of its key
and of its values, the key, and the values as float64. One region has one writer, so nothing is locked and
nothing is lost; a worker that takes over a dead one's slot goes on counting where that one stopped.
"""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hythe.base.errors import Invalid

REGION_BYTES = 2**20
_HEAD = struct.Struct("<Q")
_ENTRY = struct.Struct("<II")
_ALIGN = 8

Series: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its labels, in order."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric's name, kind and meaning; `bounds` are the upper bounds of a histogram's buckets."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    bounds: tuple[float, ...] = ()


class Counter:
    """One number that grows, or a gauge that also falls."""

    __slots__ = ("_index", "_values")

    def __init__(self, values: memoryview[float], index: int) -> None:
        self._values = values
        self._index = index

    def add(self, amount: float = 1.0) -> None:
        """Add `amount`."""
        self._values[self._index] += amount

    def set(self, value: float) -> None:
        """Say what a gauge stands at."""
        self._values[self._index] = value


class Histogram:
    """Counts of values in buckets with upper bounds, and their sum."""

    __slots__ = ("_bounds", "_first", "_sum", "_values")

    def __init__(self, values: memoryview[float], index: int, bounds: Sequence[float]) -> None:
        self._values = values
        self._first = index
        self._bounds = bounds
        self._sum = index + len(bounds) + 1

    def observe(self, value: float) -> None:
        """Count one value."""
        values = self._values
        values[self._first + bisect_left(self._bounds, value)] += 1.0
        values[self._sum] += value


class Counters:
    """One slot's view of the shared memory behind the file descriptor `descriptor`.

    >>> descriptor = create(slots=2)
    >>> first, second = (Counters(descriptor, slot) for slot in range(2))
    >>> first.counter("rows_total", endpoint="churn").add(2)
    >>> second.counter("rows_total", endpoint="churn").add(3)
    >>> first.read()
    {('rows_total', (('endpoint', 'churn'),)): [5.0]}
    """

    def __init__(self, descriptor: int, slot: int) -> None:
        self._memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
        self._slots = len(self._memory) // REGION_BYTES
        if not 0 <= slot < self._slots:
            raise Invalid(f"slot {slot} of {self._slots}; give a slot that exists")
        self._start = slot * REGION_BYTES
        self._values: memoryview[float] = memoryview(self._memory).cast("d")
        self._known: dict[bytes, int] = {}
        for key, index, _ in self._entries(slot):
            self._known[key] = index

    def counter(self, name: str, /, **labels: str) -> Counter:
        """Find or make a counter in this slot."""
        return Counter(self._values, self._place(name, labels, 1))

    def gauge(self, name: str, /, **labels: str) -> Counter:
        """Find or make a gauge, and set it to 0: what the slot's last process held is gone with it."""
        gauge = self.counter(name, **labels)
        gauge.set(0.0)
        return gauge

    def histogram(self, name: str, bounds: Sequence[float], /, **labels: str) -> Histogram:
        """Find or make a histogram with buckets up to each of `bounds`, and beyond."""
        return Histogram(self._values, self._place(name, labels, len(bounds) + 2), bounds)

    def read(self) -> dict[Series, list[float]]:
        """Sum every series over all slots."""
        total: dict[Series, list[float]] = {}
        for slot in range(self._slots):
            for key, index, size in self._entries(slot):
                values: list[float] = list(self._values[index : index + size])
                series = _series(key)
                if series in total:
                    values = [a + b for a, b in zip(total[series], values, strict=True)]
                total[series] = values
        return total

    def _place(self, name: str, labels: Mapping[str, str], size: int) -> int:
        key = "\0".join((name, *(part for pair in labels.items() for part in pair))).encode()
        index = self._known.get(key)
        if index is None:
            index = self._known[key] = self._append(key, size)
        return index

    def _append(self, key: bytes, size: int) -> int:
        used: int = _HEAD.unpack_from(self._memory, self._start)[0]
        start = self._start + _HEAD.size + used
        values = start + _ENTRY.size + _padded(len(key))
        end = values + 8 * size
        if end > self._start + REGION_BYTES:
            raise Invalid(f"there is no room for another series; {len(self._known)} are counted")
        self._memory[start + _ENTRY.size : start + _ENTRY.size + len(key)] = key
        _ENTRY.pack_into(self._memory, start, len(key), size)
        # Readers go by this number, so it comes last.
        _HEAD.pack_into(self._memory, self._start, end - self._start - _HEAD.size)
        return values // 8

    def _entries(self, slot: int) -> Iterator[tuple[bytes, int, int]]:
        position = slot * REGION_BYTES + _HEAD.size
        end = position + _HEAD.unpack_from(self._memory, slot * REGION_BYTES)[0]
        while position < end:
            length, size = _ENTRY.unpack_from(self._memory, position)
            position += _ENTRY.size
            key = self._memory[position : position + length]
            position += _padded(length)
            yield key, position // 8, size
            position += 8 * size


def create(slots: int) -> int:
    """Make the shared memory for `slots` writers, and give its file descriptor; children may inherit it."""
    descriptor = os.memfd_create("hythe-counters")
    os.ftruncate(descriptor, slots * REGION_BYTES)
    return descriptor


def _padded(length: int) -> int:
    return -(-length // _ALIGN) * _ALIGN


def _series(key: bytes) -> Series:
    name, *parts = key.decode().split("\0")
    return name, tuple(zip(parts[::2], parts[1::2], strict=True))
