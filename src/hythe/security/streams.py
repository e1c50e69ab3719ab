"""Reading what may be hostile: decompression that stops at a limit instead of filling the machine."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from hythe.base.errors import Invalid

_CHUNK = 1 << 18
_ZLIB_CHECK = 31
"""The first two bytes of zlib's format are a multiple of this (RFC 1950, section 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a file is looked at before it is refused as too large to check.

    `max_bytes` counts what is read after decompression, over all members; `max_depth` archives in archives.
    """

    max_bytes: int = 8 << 30
    max_depth: int = 4
    max_members: int = 20_000

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.max_depth, self.max_members) < 1:
            raise Invalid(f"scan limits are {self}; each has to be 1 or more")


class TooLarge(Exception):
    """A limit was reached; what lies behind it was not looked at."""


class Budget:
    """What may still be read."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bytes = limits.max_bytes
        self._members = limits.max_members

    def depth(self, depth: int) -> None:
        """Go `depth` archives deep.

        Raises:
            TooLarge: when that is too deep.

        """
        if depth > self.limits.max_depth:
            raise TooLarge(f"it is nested more than {self.limits.max_depth} deep")

    def read(self, size: int) -> None:
        """Take `size` bytes off the budget.

        Raises:
            TooLarge: when it is used up.

        """
        self._bytes -= size
        if self._bytes < 0:
            raise TooLarge(f"it holds more than {self.limits.max_bytes} bytes after decompression")

    def member(self) -> None:
        """Take a member of an archive off the budget.

        Raises:
            TooLarge: when there are too many.

        """
        self._members -= 1
        if self._members < 0:
            raise TooLarge(f"it holds more than {self.limits.max_members} members")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Zlib:
    """zlib and gzip, in the interface of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=47)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


def _lz4() -> _Decompressor:
    try:
        lz4 = import_module("lz4.frame")
    except ImportError as err:
        raise zlib.error("it is compressed by lz4, which is not installed") from err
    made: _Decompressor = lz4.LZ4FrameDecompressor()
    return made


_FORMATS: tuple[tuple[bytes, str, Callable[[], _Decompressor]], ...] = (
    (b"\x1f\x8b", "gzip", _Zlib),
    (b"\x78", "zlib", _Zlib),
    (b"BZ", "bz2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", "xz", lzma.LZMADecompressor),
    (b"\x5d\x00", "lzma", lzma.LZMADecompressor),
    (b"\x04\x22\x4d\x18", "lz4", _lz4),
)
"""Prefix, name and reader of each compression, as joblib tells them apart."""


def compression_of(start: bytes) -> str | None:
    """Name the compression of a stream that begins with `start`.

    >>> compression_of(zlib.compress(b"")), compression_of(bytes([0x80, 4]))
    ('zlib', None)
    """
    name = next((name for prefix, name, _ in _FORMATS if start.startswith(prefix)), None)
    if name == "zlib" and int.from_bytes(start[:2], "big") % _ZLIB_CHECK:
        return None
    return name


class Decompressed(io.RawIOBase):
    """The inside of a compressed stream; it ends in error when anything follows the compressed data."""

    def __init__(self, source: Any, name: str) -> None:
        self._source = source
        self._inner = next(make for _, known, make in _FORMATS if known == name)()

    def readable(self) -> bool:
        """Say yes: it is read only."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`; raise zlib.error, LZMAError, OSError or EOFError when the data is broken."""
        while not self._inner.eof:
            data = self._inner.decompress(b"", len(buffer))
            if not data:
                more = self._source.read(_CHUNK)
                data = self._inner.decompress(more, len(buffer))
                if not more and not data and not self._inner.eof:
                    raise EOFError("the compressed data is cut short")
            if data:
                buffer[: len(data)] = data
                return len(data)
        if self._inner.unused_data or self._source.read(1):
            raise zlib.error("there is data behind the compressed data")
        return 0


class Counted(io.RawIOBase):
    """A stream whose reading is taken off a budget."""

    def __init__(self, source: Any, budget: Budget) -> None:
        self._source = source
        self._budget = budget

    def readable(self) -> bool:
        """Say yes: it is read only."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`; raise TooLarge when the budget is used up."""
        data = self._source.read(len(buffer))
        self._budget.read(len(data))
        buffer[: len(data)] = data
        return len(data)
