from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hythe.base.errors import Corrupt, Invalid, NotFound
from hythe.bundle.artifact import artifact
from hythe.bundle.bundle import Bundle
from hythe.bundle.digests import digest_of

FILES = {
    "hythe.json": b"{}",
    "model/model.bin": b"weights",
    "model/deep/more.bin": b"more",
    "card.md": b"# C",
}


class Folder:
    """Blobs in a plain folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        return self.root / digest.replace(":", "-")

    def put(self, data: bytes) -> str:
        self.path(digest_of(data)).write_bytes(data)
        return digest_of(data)


@pytest.fixture
def blobs(tmp_path: Path) -> Folder:
    (tmp_path / "blobs").mkdir()
    return Folder(tmp_path / "blobs")


def stored(blobs: Folder, files: dict[str, bytes] = FILES) -> str:
    made = artifact(files)
    for source in made.sources.values():
        assert isinstance(source, bytes)
        blobs.put(source)
    return blobs.put(made.manifest.raw)


def foreign(blobs: Folder, layers: list[dict[str, Any]]) -> str:
    manifest = json.loads(artifact(FILES).manifest.raw)
    stored(blobs)
    return blobs.put(json.dumps({**manifest, "layers": layers}).encode())


def layer(blobs: Folder, path: str | None, media_type: str, data: bytes = b"x") -> dict[str, Any]:
    annotations = {"org.cncf.model.filepath": path} if path is not None else {}
    return {
        "mediaType": media_type, "digest": blobs.put(data), "size": len(data), "annotations": annotations,
    }  # fmt: skip


RAW = "application/vnd.cncf.model.weight.v1.raw"


def test_a_bundle_gives_back_what_was_put_in(blobs: Folder) -> None:
    bundle = Bundle.open(blobs, stored(blobs))
    assert {path: bundle.read(path) for path in bundle.paths} == FILES
    bundle.verify()


def test_an_unknown_path_names_those_that_exist(blobs: Folder) -> None:
    with pytest.raises(NotFound, match=r"it holds: card\.md, hythe\.json"):
        Bundle.open(blobs, stored(blobs)).read("absent")


def test_a_truncated_blob_is_named_with_both_sizes(blobs: Folder) -> None:
    bundle = Bundle.open(blobs, stored(blobs))
    bundle.paths["model/model.bin"].write_bytes(b"weig")
    with pytest.raises(Corrupt, match=r"'model/model.bin' of .* is truncated: 4 bytes where 7 are expected"):
        bundle.read("model/model.bin")


def test_a_changed_blob_is_named_with_both_digests(blobs: Folder) -> None:
    bundle = Bundle.open(blobs, stored(blobs))
    bundle.paths["model/model.bin"].write_bytes(b"WEIGHTS")
    for check in (bundle.read, bundle.file):
        with pytest.raises(Corrupt, match=f"has the digest {digest_of(b'WEIGHTS')} where"):
            check("model/model.bin")
    with pytest.raises(Corrupt):
        bundle.verify()


def test_a_missing_blob_is_named(blobs: Folder) -> None:
    bundle = Bundle.open(blobs, stored(blobs))
    bundle.paths["card.md"].unlink()
    with pytest.raises(Corrupt, match=r"'card.md' of .* is missing; pack or pull"):
        bundle.read("card.md")


def test_a_missing_or_damaged_manifest_is_corrupt(blobs: Folder) -> None:
    digest = stored(blobs)
    blobs.path(digest).write_bytes(blobs.path(digest).read_bytes() + b" ")
    with pytest.raises(Corrupt, match="manifest sha256:"):
        Bundle.open(blobs, digest)
    with pytest.raises(Corrupt, match="is missing"):
        Bundle.open(blobs, "sha256:" + "0" * 64)


def test_unpacking_lays_out_the_files_without_the_prefix(blobs: Folder, tmp_path: Path) -> None:
    folder = Bundle.open(blobs, stored(blobs)).unpack(tmp_path / "out")
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {"model.bin": b"weights", "deep/more.bin": b"more"}


def test_unpacking_checks_first(blobs: Folder, tmp_path: Path) -> None:
    bundle = Bundle.open(blobs, stored(blobs))
    bundle.paths["model/model.bin"].write_bytes(b"WEIGHTS")
    with pytest.raises(Corrupt):
        bundle.unpack(tmp_path / "out")


def test_unpacking_into_a_folder_with_files_is_refused(blobs: Folder, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to("/etc")
    with pytest.raises(Invalid, match="is not empty"):
        Bundle.open(blobs, stored(blobs)).unpack(tmp_path / "out")


@pytest.mark.parametrize("path", ["../../etc/cron.d/evil", "/etc/passwd", "model/../../evil"])
def test_a_strangers_bundle_cannot_write_outside_its_folder(blobs: Folder, path: str) -> None:
    with pytest.raises(Invalid, match="is no path inside a bundle"):
        Bundle.open(blobs, foreign(blobs, [layer(blobs, path, RAW)]))


def test_a_strangers_bundle_cannot_name_a_path_twice(blobs: Folder) -> None:
    twice = [layer(blobs, "model/m", RAW, b"one"), layer(blobs, "model/m", RAW, b"two")]
    with pytest.raises(Invalid, match="stands twice"):
        Bundle.open(blobs, foreign(blobs, twice))


def test_layers_that_are_no_files_stay_in_the_manifest(blobs: Folder) -> None:
    layers = [
        layer(blobs, "model/m", RAW),
        layer(blobs, "model/archive", "application/vnd.cncf.model.weight.v1.tar", b"tar"),
        layer(blobs, None, "application/x-unknown", b"?"),
    ]
    bundle = Bundle.open(blobs, foreign(blobs, layers))
    assert list(bundle.paths) == ["model/m"]
    assert len(bundle.manifest.layers) == 3


def test_an_artifact_that_is_no_model_is_refused(blobs: Folder) -> None:
    manifest = json.loads(artifact(FILES).manifest.raw)
    manifest |= {"artifactType": "", "config": {**manifest["config"], "mediaType": "application/x-other"}}
    with pytest.raises(Invalid, match=r"of type 'application/x-other', not a model"):
        Bundle.open(blobs, blobs.put(json.dumps(manifest).encode()))
