from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.registry.durable import make_folder, replace_file, write_all, write_new


class Trace:
    """Records the calls that matter for durability, with the names of the files they touch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        real_fsync, real_replace = os.fsync, os.replace

        def fsync(handle: int) -> None:
            self.calls.append(("fsync", Path(f"/proc/self/fd/{handle}").readlink().name))
            real_fsync(handle)

        def replace(source: Path, target: Path) -> None:
            self.calls.append(("replace", f"{Path(source).name} {Path(target).name}"))
            real_replace(source, target)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)


def test_a_file_is_flushed_before_it_is_renamed_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch)
    replace_file(tmp_path / "index.json", b"{}")
    (_, beside), (_, renamed), (_, folder) = trace.calls
    assert [kind for kind, _ in trace.calls] == ["fsync", "replace", "fsync"]
    assert renamed == f"{beside} index.json"
    assert folder == tmp_path.name


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.json").write_bytes(b"old")

    def full(handle: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(tmp_path / "index.json", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("index.json", b"old")]


def test_a_rename_that_fails_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        replace_file(tmp_path / "target", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_short_writes_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def one_byte(handle: int, data: memoryview) -> int:
        written.extend(data[:1])
        return 1

    monkeypatch.setattr(os, "write", one_byte)
    write_all(0, b"hello")
    assert written == b"hello"


def test_a_source_that_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_new(tmp_path / "new", failing())
    assert list(tmp_path.iterdir()) == []


def test_every_new_folder_is_flushed_into_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert trace.calls == [("fsync", tmp_path.name), ("fsync", "a")]
