from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.registry.image import export_image
from hythe.registry.registry import Registry

FILES = {"hythe.json": b"{}", "model/m.bin": b"weights", f"code/{'long' * 40}/__init__.py": b""}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.open(tmp_path / "home")
    registry.add("churn", FILES, actor="ana")
    yield registry
    registry.close()


def blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def document(folder: Path, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blob(folder, digest).read_bytes())
    return found


def test_the_image_holds_the_files_of_the_bundle_under_one_folder(registry: Registry, tmp_path: Path) -> None:
    digest = export_image(registry.bundle("churn"), tmp_path / "image", "churn:1.0.0")
    (layer,) = document(tmp_path / "image", digest)["layers"]
    found = {}
    with tarfile.open(blob(tmp_path / "image", layer["digest"])) as archive:
        for entry in archive:
            assert (entry.mtime, entry.uid, entry.gid) == (0, 0, 0)
            if (content := archive.extractfile(entry)) is not None:
                found[entry.name] = content.read()
    assert found == {f"bundle/{path}": data for path, data in FILES.items()}


def test_every_blob_has_the_digest_it_is_named_by(registry: Registry, tmp_path: Path) -> None:
    digest = export_image(registry.bundle("churn"), tmp_path / "image", "churn:1.0.0")
    for path in (tmp_path / "image" / "blobs" / "sha256").iterdir():
        assert sha256(path.read_bytes()).hexdigest() == path.name
    manifest = document(tmp_path / "image", digest)
    config = document(tmp_path / "image", manifest["config"]["digest"])
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]


def test_the_image_is_the_same_each_time(registry: Registry, tmp_path: Path) -> None:
    bundle = registry.bundle("churn")
    assert export_image(bundle, tmp_path / "a", "x") == export_image(bundle, tmp_path / "b", "y")


def test_a_folder_that_exists_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    with pytest.raises(Invalid, match="exists already"):
        export_image(registry.bundle("churn"), tmp_path / "image", "x")


def test_a_damaged_bundle_leaves_no_image(registry: Registry, tmp_path: Path) -> None:
    bundle = registry.bundle("churn")
    bundle.paths["model/m.bin"].chmod(0o644)
    bundle.paths["model/m.bin"].write_bytes(b"WEIGHTS")
    with pytest.raises(Corrupt):
        export_image(bundle, tmp_path / "image", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
