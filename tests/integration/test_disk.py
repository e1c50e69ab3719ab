"""A disk that is full and a home that is read-only, on a small file system of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.disks import filled, small_disk

from hythe.base.errors import Unavailable
from hythe.registry.registry import Registry
from hythe.testing.services import program

pytestmark = pytest.mark.integration

SIZE_KB = 1024
FILES = {"hythe.json": b"{}", "model/m.bin": b"weights"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", SIZE_KB) as found:
        yield found


@pytest.fixture
def registry(disk: Path) -> Iterator[Registry]:
    registry = Registry.open(disk / "home")
    registry.add("churn", FILES, actor="ana")
    yield registry
    registry.close()


def test_a_model_that_does_not_fit_is_refused_and_leaves_nothing(registry: Registry) -> None:
    with pytest.raises(Unavailable, match=r"the disk of .* is full; free some space, or set HYTHE_HOME"):
        registry.add("big", {"hythe.json": b"{}", "model/m.bin": bytes(SIZE_KB * 1024)}, actor="ana")
    assert registry.catalog.models() == ["churn"]
    assert registry.fsck() == []
    assert registry.add("fraud", {"hythe.json": b"{}", "model/m.bin": b"f"}, actor="ana").ref == "fraud:1.0.0"


def test_a_catalog_without_room_says_so_and_keeps_what_it_had(registry: Registry, disk: Path) -> None:
    refused = pytest.raises(Unavailable, match="set HYTHE_HOME")
    with filled(disk), refused, registry.catalog.edit(actor="ana") as tx:
        tx.set_facts("churn:1.0.0", {"long": "x" * 100_000})
    assert registry.resolve("churn:1.0.0").facts == {}
    assert registry.fsck() == []


def test_a_read_only_home_can_be_read_and_says_why_it_cannot_be_written(
    registry: Registry, disk: Path
) -> None:
    registry.close()
    subprocess.run([program("mount"), "-o", "remount,ro", disk], check=True)
    try:
        with pytest.raises(Unavailable, match="set HYTHE_HOME"):
            registry.add("churn", {**FILES, "card.md": b"#"}, actor="ana")
        assert registry.bundle("churn:1.0.0").read("model/m.bin") == b"weights"
        assert registry.fsck() == []
    finally:
        subprocess.run([program("mount"), "-o", "remount,rw", disk], check=True)
