"""What crosses to the child comes over whole, by whichever way, and nonsense is refused."""

import os
import socket
import struct
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hythe.base.errors import Corrupt
from hythe.runtime.native import wire
from hythe.runtime.native.arena import Arena
from hythe.runtime.native.channel import Channel

DTYPES = [np.dtype(name) for name in ("f8", "f4", "f2", "i8", "u1", "?", "<U5")]


class Pair:
    """Both ends of a channel."""

    def __init__(self) -> None:
        self.raw, theirs = socket.socketpair()
        arena = Arena.create()
        self.there = Channel(theirs, Arena(os.dup(arena.descriptor)))
        self.here = Channel(self.raw, arena)

    def over(self, values: Any) -> tuple[wire.Payload, Any]:
        """Send rows and read them at the other end."""
        payload = wire.Payload(values)
        sender = Thread(target=self.here.send, args=(wire.Predict(payload.parts), payload))
        sender.start()
        message, received = self.there.receive()
        sender.join()
        assert isinstance(message, wire.Predict)
        return payload, wire.unpack(message.parts, received)

    def close(self) -> None:
        self.here.close()
        self.there.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


@pytest.mark.parametrize("rows", [0, 1, 100, 10_000, 300_000])
def test_a_table_comes_over_with_its_types(pair: Pair, rows: int) -> None:
    columns = {"n": pa.array([1, None] * rows, pa.int8()), "t": ["a", None] * rows, "b": [True, None] * rows}
    table = pa.table(columns)
    for _ in range(2):
        _, got = pair.over(table)
        assert got.equals(table)


@pytest.mark.parametrize("size", [1, wire.SMALL, wire.SMALL + 1, 2**22, 2**25])
def test_small_payloads_go_by_socket_and_large_ones_by_shared_memory(pair: Pair, size: int) -> None:
    array = np.arange(size, dtype=np.uint8)
    payload, got = pair.over({"a": array, "b": array[:3]})
    assert payload.shared is (size + 64 > wire.SMALL)
    assert got["a"].tobytes() == array.tobytes()
    assert got["b"].tobytes() == array[:3].tobytes()


def test_what_was_received_stays_when_the_next_message_comes(pair: Pair) -> None:
    first = np.full(wire.SMALL, 1.0)
    _, got = pair.over({"a": first})
    pair.over({"a": np.full(wire.SMALL, 2.0)})
    assert (got["a"] == 1.0).all()


@given(hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=1, max_dims=3, min_side=0)))
def test_arrays_come_over_bit_for_bit(array: Any) -> None:
    payload = wire.Payload({"a": array, "b": np.zeros(1)})
    got = wire.unpack(payload.parts, memoryview(payload.small()))
    assert got["a"].dtype == array.dtype
    assert got["a"].tobytes() == array.tobytes()
    assert got["a"].shape == array.shape
    assert got["b"].tolist() == [0.0]


def test_arrays_begin_where_the_machine_likes_it(pair: Pair) -> None:
    _, got = pair.over({"a": np.zeros(3, np.uint8), "b": np.zeros(2)})
    assert got["b"].flags.aligned


def test_labels_of_any_kind_come_over() -> None:
    labels = np.array(["yes", 3, None, True, 1.5], dtype=object)
    payload = wire.Payload({"label": labels})
    assert wire.unpack(payload.parts, memoryview(payload.small()))["label"].tolist() == labels.tolist()


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack("<IQ?", 3, 0, False) + b"{{{",
        struct.pack("<IQ?", 2**31, 0, False),
        struct.pack("<IQ?", 0, 2**60, False),
        struct.pack("<IQ?", 16, 0, False) + b'{"type":"other"}',
        struct.pack("<IQ?", 17, 2**20, True) + b'{"type":"loaded"}',
    ],
)
def test_nonsense_is_refused(pair: Pair, frame: bytes) -> None:
    pair.raw.sendall(frame)
    with pytest.raises(Corrupt):
        pair.there.receive()


def test_a_part_that_is_no_plain_array_is_refused() -> None:
    for part in (
        wire.Part("a", "raw", 8, "O", (1,)),
        wire.Part("a", "raw", 8, "<f8", (2,)),
        wire.Part("a", "arrow", 8, "<f8", (1,)),
    ):
        with pytest.raises(Corrupt, match="cannot be read"):
            wire.unpack_arrays((part,), memoryview(bytes(8)))


def test_the_end_of_the_other_side_is_told(pair: Pair) -> None:
    pair.raw.sendall(b"half")
    pair.raw.shutdown(socket.SHUT_WR)
    with pytest.raises(EOFError):
        pair.there.receive()


def test_nobody_can_take_shared_memory_away(pair: Pair) -> None:
    pair.over({"a": np.zeros(wire.SMALL)})
    with pytest.raises(PermissionError):
        os.ftruncate(pair.there._arena.descriptor, 0)
