"""Bytes made wrong without knowing what they mean: flipped, cut, doubled, spliced, extreme integers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

INTEGERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**63 - 1,
    2**63,
)
BROKEN_TEXT = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\xe2\x82")
_MOST = 1 << 20


def havoc(rng: Random, data: bytes, rounds: int = 4) -> bytes:
    """Apply some operators, one after the other."""
    for _ in range(rng.randint(1, rounds)):
        data = rng.choice(OPERATORS)(rng, data)[:_MOST]
    return data


def flip(rng: Random, data: bytes) -> bytes:
    """Flip one bit."""
    if not data:
        return b"\x00"
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def cut(rng: Random, data: bytes) -> bytes:
    """Leave out the end."""
    return data[: rng.randint(0, len(data))]


def leave_out(rng: Random, data: bytes) -> bytes:
    """Leave out some bytes amid the others."""
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.randint(1, 8) :]


def put_in(rng: Random, data: bytes) -> bytes:
    """Put in bytes at random, or text that is no UTF-8."""
    at = rng.randint(0, len(data))
    more = rng.choice(BROKEN_TEXT) if rng.random() < 0.3 else rng.randbytes(rng.randint(1, 9))
    return data[:at] + more + data[at:]


def double(rng: Random, data: bytes) -> bytes:
    """Repeat a part."""
    start = rng.randint(0, len(data))
    end = min(len(data), start + rng.randint(1, 64))
    return data[:end] + data[start:end] * rng.choice((1, 2, 50)) + data[end:]


def overwrite(rng: Random, data: bytes) -> bytes:
    """Write an extreme integer over 1, 2, 4 or 8 bytes."""
    width = rng.choice((1, 2, 4, 8))
    at = rng.randint(0, max(len(data) - width, 0))
    number = rng.choice(INTEGERS) & ((1 << 8 * width) - 1)
    return data[:at] + number.to_bytes(width, "little") + data[at + width :]


def swap(rng: Random, data: bytes) -> bytes:
    """Exchange two parts."""
    first, second, third = sorted(rng.randint(0, len(data)) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


OPERATORS: tuple[Callable[[Random, bytes], bytes], ...] = (
    flip, flip, overwrite, overwrite, cut, leave_out, put_in, double, swap,
)  # fmt: skip
