from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import Conflict, Corrupt, Invalid, NotFound
from hythe.bundle.schema import Column, Output, Schema
from hythe.registry.registry import Registry
from hythe.testing.fake_clock import FakeClock

SCHEMA = Schema((Column("age", "int64"),), (Output("label", "int64"),))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.open(tmp_path / "home", clock=FakeClock())
    yield registry
    registry.close()


def files(model: bytes = b"weights", schema: Schema = SCHEMA, card: bytes = b"# Card") -> dict[str, bytes]:
    head = msgspec.json.encode({"schema": schema})
    return {"hythe.json": head, "model/m.bin": model, "card.md": card}


def damage(registry: Registry) -> list[str]:
    return [finding.message for finding in registry.fsck() if finding.damage]


def test_what_was_added_is_read_back(registry: Registry) -> None:
    record = registry.add("churn", files(), actor="ana", why="first", facts={"chosen": "onnx"})
    assert (record.ref, record.created_by, record.created_at) == (
        "churn:1.0.0", "ana", "2026-01-01T00:00:00.000Z",
    )  # fmt: skip
    assert registry.resolve("churn:1.0.0").facts == {"chosen": "onnx"}
    assert registry.bundle("churn").read("model/m.bin") == b"weights"
    assert registry.fsck() == []


def test_the_next_version_is_proposed_from_what_changed(registry: Registry) -> None:
    breaking = Schema((Column("age", "float64"),), SCHEMA.outputs)
    registry.add("churn", files(), actor="ana")
    steps = [
        registry.add("churn", files(card=b"# Better"), actor="ana"),
        registry.add("churn", files(b"new", card=b"# Better"), actor="ana"),
        registry.add("churn", files(b"new", breaking, b"# Better"), actor="ana"),
    ]
    assert [record.version for record in steps] == ["1.0.1", "1.1.0", "2.0.0"]
    assert steps[2].facts["change"]["step"] == "major"
    assert steps[2].facts["change"]["since"] == "1.1.0"


def test_the_same_bytes_again_give_the_version_that_stands(registry: Registry) -> None:
    first = registry.add("churn", files(), actor="ana")
    again = registry.add("churn", files(), actor="bo")
    assert again.version == first.version
    assert again.notice == "these bytes are 'churn:1.0.0' already"
    assert registry.add("churn", files(), version="1.0.0", actor="bo").ref == first.ref
    assert len(registry.history()) == 1


def test_an_existing_version_with_other_bytes_is_a_conflict_and_stores_nothing(registry: Registry) -> None:
    registry.add("churn", files(), actor="ana", version="1.0.0")
    with pytest.raises(Conflict, match=r"'churn:1.0.0' exists already with other bytes"):
        registry.add("churn", files(b"other"), actor="ana", version="1.0.0")
    assert registry.fsck() == []


@pytest.mark.parametrize("name", ["a/b", "a b", ""])
def test_a_wrong_name_is_refused_before_anything_is_written(registry: Registry, name: str) -> None:
    with pytest.raises(Invalid, match="is no model name"):
        registry.add(name, files(), actor="ana")
    assert not registry.home.exists()


def test_packing_here_may_trust_the_bundle_in_the_same_change(registry: Registry) -> None:
    record = registry.add("churn", files(), actor="ana", trust=True)
    assert registry.catalog.trusted(record.digest) is not None
    assert [entry.action for entry in registry.history()] == ["add version", "trust"]


def test_history_takes_a_ref_and_tells_its_model(registry: Registry) -> None:
    registry.add("churn", files(), actor="ana")
    registry.add("fraud", files(b"f"), actor="ana")
    assert [entry.subject for entry in registry.history("churn:1.0.0")] == ["churn"]
    assert len(registry.history()) == 2


def test_a_removed_version_is_gone_and_its_bytes_are_freed_later(registry: Registry) -> None:
    registry.add("churn", files(), actor="ana")
    registry.add("churn", files(b"other"), actor="ana")
    registry.remove("churn:1.1.0", actor="ana", why="wrong data")
    with pytest.raises(NotFound):
        registry.resolve("churn:1.1.0")
    assert {finding.kind for finding in registry.fsck()} == {"leftover"}
    freed = registry.gc()
    assert freed.files == 3  # the manifest, the configuration, the other weights
    assert registry.fsck() == []
    assert registry.bundle("churn:1.0.0").read("model/m.bin") == b"weights"


def test_fsck_finds_a_truncated_a_changed_and_a_missing_blob(registry: Registry) -> None:
    registry.add("churn", files(), actor="ana")
    bundle = registry.bundle("churn")
    for path, data in (("model/m.bin", b"weig"), ("card.md", b"# DRAC")):
        bundle.paths[path].chmod(0o644)
        bundle.paths[path].write_bytes(data)
    bundle.paths["hythe.json"].unlink()
    said = " ".join(damage(registry))
    assert "'model/m.bin'" in said
    assert "is truncated: 4 bytes where 7 are expected" in said
    assert "'card.md'" in said
    assert "'hythe.json'" in said
    assert len(damage(registry)) == 3
    registry.add("churn", files(), actor="ana")
    assert damage(registry) == []


def test_gc_stops_before_a_damaged_manifest(registry: Registry) -> None:
    record = registry.add("churn", files(), actor="ana")
    registry.blobs.path(record.digest).unlink()
    assert damage(registry) == [
        f"manifest {record.digest} is missing; pack or pull the version again to put it back"
    ]
    with pytest.raises(Corrupt, match="is missing"):
        registry.gc()
    registry.add("churn", files(), actor="ana")
    assert registry.fsck() == []


def test_gc_on_a_new_home_frees_nothing(registry: Registry) -> None:
    assert registry.gc().files == 0


def test_the_index_follows_the_catalog_and_is_made_anew_when_it_is_lost(registry: Registry) -> None:
    record = registry.add("churn", files(), actor="ana")
    index = registry.blobs.root / "index.json"
    index.unlink()
    assert registry.fsck() == []
    registry.gc()
    assert [item["digest"] for item in json.loads(index.read_bytes())["manifests"]] == [record.digest]


ADDING = """
import sys
from pathlib import Path
from hythe.registry.registry import Registry

registry = Registry.open(Path(sys.argv[1]))
for number in range(3):
    files = {"hythe.json": b"{}", "model/m.bin": f"{sys.argv[2]} {number}".encode()}
    print(registry.add("churn", files, actor=sys.argv[2]).version)
registry.close()
"""


def test_processes_that_add_at_once_get_a_version_each(registry: Registry) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, registry.home, name], stdout=subprocess.PIPE, text=True
        )
        for name in ("ana", "bo")
    ]
    given = [version for process in started for version in process.communicate(timeout=60)[0].split()]
    assert len(set(given)) == 6
    assert sorted(given) == sorted(record.version for record in registry.catalog.versions("churn"))
    assert registry.fsck() == []
