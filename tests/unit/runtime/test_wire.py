"""What crosses to the child comes over whole, and nonsense is refused."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hythe.base.errors import Corrupt
from hythe.runtime import wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_table_comes_over_with_its_types(pair: tuple[socket.socket, socket.socket]) -> None:
    table = pa.table({"n": pa.array([1, None], pa.int8()), "t": ["a", None]})
    parts, payload = wire.pack(table)
    wire.send(pair[0], wire.Predict(parts), payload)
    message, received = wire.receive(pair[1])
    assert isinstance(message, wire.Predict)
    assert wire.unpack(message.parts, received).equals(table)


@given(
    hnp.arrays(
        st.sampled_from([np.dtype(d) for d in ("f8", "f4", "i8", "u1", "?", "<U5")]),
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=0),
    )
)
def test_arrays_come_over_bit_for_bit(array: Any) -> None:
    parts, payload = wire.pack({"a": array, "b": np.zeros(1)})
    got = wire.unpack(parts, memoryview(payload))["a"]
    assert got.dtype == array.dtype
    assert got.tobytes() == array.tobytes()
    assert got.shape == array.shape


def test_labels_of_any_kind_come_over() -> None:
    labels = np.array(["yes", 3, None, True, 1.5], dtype=object)
    parts, payload = wire.pack({"label": labels})
    assert wire.unpack(parts, memoryview(payload))["label"].tolist() == labels.tolist()


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack("<IQ", 3, 0) + b"{{{",
        struct.pack("<IQ", 2**31, 0),
        struct.pack("<IQ", 0, 2**60),
        struct.pack("<IQ", 15, 0) + b'{"type":"other"}'[:15],
    ],
)
def test_nonsense_is_refused(pair: tuple[socket.socket, socket.socket], frame: bytes) -> None:
    pair[0].sendall(frame)
    with pytest.raises(Corrupt):
        wire.receive(pair[1])


def test_a_part_that_is_no_plain_array_is_refused() -> None:
    with pytest.raises(Corrupt, match="cannot be read"):
        wire.unpack((wire.Part("a", "raw", 8, "O", (1,)),), memoryview(bytes(8)))
    with pytest.raises(Corrupt, match="cannot be read"):
        wire.unpack((wire.Part("a", "raw", 8, "<f8", (2,)),), memoryview(bytes(8)))


def test_the_end_of_the_other_side_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"half")
    pair[0].close()
    with pytest.raises(EOFError):
        wire.receive(pair[1])
