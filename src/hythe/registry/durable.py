"""Writes that are whole or absent, whatever happens to the process or the machine.

A file is written beside its place, flushed to the disk, renamed into place, and the folder is flushed, so
that a name never stands for half a file. Every step is one call of `os` (`Path` calls it too), so that
fault injection can stop after each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hythe.base.ids import uuid7

PIECE = 1 << 20
"""Bytes read or written at a time."""


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each flushed into the one above it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    sync_folder(folder.parent)


def write_new(path: Path, pieces: Iterable[bytes], mode: int = 0o644) -> None:
    """Write a new file and flush it; remove it again when that fails."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            for piece in pieces:
                write_all(handle, piece)
            os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def write_all(handle: int, piece: bytes) -> None:
    """Write all of `piece`, however many calls that takes."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(handle, rest) :]


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of `path` in one step."""
    beside = path.with_name(f".{path.name}.{uuid7()}")
    write_new(beside, [data])
    try:
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def pieces_of(source: bytes | Path) -> Iterable[bytes]:
    """Read bytes or a file in pieces."""
    if isinstance(source, bytes):
        for at in range(0, len(source), PIECE):
            yield source[at : at + PIECE]
        return
    with source.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece
