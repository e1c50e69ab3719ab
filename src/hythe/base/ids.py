"""Ids that sort by time (RFC 9562, UUID version 7)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_RANDOM_MASK = ((0xFFF) << 64) | ((1 << 62) - 1)


def uuid7(
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    entropy: Callable[[int], bytes] = os.urandom,
) -> UUID:
    """Make a UUIDv7: 48 bits of milliseconds, then 74 random bits (RFC 9562, section 5.7).

    >>> uuid7(now_ms=lambda: 0x017F22E279B0, entropy=lambda n: bytes(n))
    UUID('017f22e2-79b0-7000-8000-000000000000')
    """
    random = int.from_bytes(entropy(10), "big") & _RANDOM_MASK
    return UUID(int=(now_ms() & 0xFFFFFFFFFFFF) << 80 | _VERSION_AND_VARIANT | random)
