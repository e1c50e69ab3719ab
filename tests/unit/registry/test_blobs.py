from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from hythe.base.errors import Corrupt, Invalid, Unavailable
from hythe.bundle.artifact import Source
from hythe.bundle.descriptor import Descriptor
from hythe.bundle.digests import digest_of
from hythe.registry.blobs import BlobStore, Freed, Writer


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "home" / "bundles")


def blob(data: bytes) -> Descriptor:
    return Descriptor("application/octet-stream", digest_of(data), len(data))


def keep(store: BlobStore, *contents: bytes) -> None:
    by_digest: dict[str, Source] = {digest_of(data): data for data in contents}

    def gather(writer: Writer, item: Descriptor) -> None:
        writer.put(item, by_digest[item.digest])

    with store.storing([blob(data) for data in contents], gather):
        pass


def test_a_store_is_an_oci_image_layout(store: BlobStore) -> None:
    keep(store, b"hello")
    assert json.loads((store.root / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    name = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert (store.root / "blobs" / "sha256" / name).read_bytes() == b"hello"


def test_equal_contents_are_stored_once(store: BlobStore) -> None:
    keep(store, b"one", b"two")
    before = store.path(digest_of(b"one")).stat().st_ino
    keep(store, b"two", b"one")
    assert len(store.digests()) == 2
    assert store.path(digest_of(b"one")).stat().st_ino == before


def test_storing_a_damaged_blob_again_repairs_it(store: BlobStore) -> None:
    keep(store, b"whole")
    path = store.path(digest_of(b"whole"))
    path.chmod(0o644)
    path.write_bytes(b"who")
    keep(store, b"whole")
    assert path.read_bytes() == b"whole"


def test_blobs_are_flushed_and_in_place_before_the_block_that_names_them(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace
    keep(store, b"first")

    def fsync(handle: int) -> None:
        calls.append("fsync")
        real_fsync(handle)

    def replace(source: Path, target: Path) -> None:
        calls.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    with store.storing([blob(b"one"), blob(b"two")], lambda writer, item: writer.put(item, _either(item))):
        calls.append("named")
    assert calls == ["fsync", "fsync", "replace", "replace", "fsync", "named"]


def _either(item: Descriptor) -> bytes:
    return b"one" if item.digest == digest_of(b"one") else b"two"


def test_when_gathering_fails_nothing_is_stored_and_nothing_left(store: BlobStore) -> None:
    def gather(writer: Writer, item: Descriptor) -> None:
        if item.digest == digest_of(b"two"):
            raise Invalid("no")
        writer.put(item, b"one")

    with pytest.raises(Invalid), store.storing([blob(b"one"), blob(b"two")], gather):
        pass
    assert store.digests() == []
    assert store.leftovers() == []


def test_a_file_that_changes_while_it_is_read_is_refused(store: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"after")
    gather = lambda writer, item: writer.put(item, tmp_path / "model.bin")  # noqa: E731 - one use
    with pytest.raises(Invalid, match="changed while it was read"), store.storing([blob(b"before")], gather):
        pass
    assert store.digests() == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk of .* is full; free some space"),
        (errno.EROFS, "cannot be written .*; allow it"),
    ],
)
def test_a_full_or_read_only_disk_is_said_clearly_and_leaves_nothing(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    keep(store, b"first")

    def refuses(handle: int, data: memoryview) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuses)
    with pytest.raises(Unavailable, match=said):
        keep(store, b"second")
    assert store.digests() == [digest_of(b"first")]
    assert store.leftovers() == []


def test_a_home_that_cannot_be_made_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match=r"'.*file.*' cannot be used"):
        keep(BlobStore(tmp_path / "file" / "bundles"), b"one")


def test_collecting_removes_what_nothing_names_and_keeps_the_rest(store: BlobStore) -> None:
    keep(store, b"named", b"not named")
    assert store.collect(lambda: [digest_of(b"named")]) == Freed(1, len(b"not named"))
    assert store.digests() == [digest_of(b"named")]


def test_collecting_waits_for_blobs_that_are_about_to_be_named(store: BlobStore) -> None:
    names: list[str] = []
    stored, go_on = Event(), Event()

    def slow() -> None:
        with store.storing([blob(b"new")], lambda writer, item: writer.put(item, b"new")):
            stored.set()
            go_on.wait(timeout=30)
            names.append(digest_of(b"new"))

    writing = Thread(target=slow)
    writing.start()
    stored.wait(timeout=30)
    collecting = Thread(target=store.collect, args=(lambda: names,))
    collecting.start()
    go_on.set()
    writing.join(timeout=30)
    collecting.join(timeout=30)
    assert store.digests() == [digest_of(b"new")]


def test_a_blob_collected_while_others_are_gathered_is_gathered_again(store: BlobStore) -> None:
    keep(store, b"old")

    def gather(writer: Writer, item: Descriptor) -> None:
        writer.put(item, b"old" if item.digest == digest_of(b"old") else b"new")
        if item.digest == digest_of(b"new"):
            store.collect(list)

    with store.storing([blob(b"old"), blob(b"new")], gather):
        assert store.intact(digest_of(b"old"), 3)
        assert store.intact(digest_of(b"new"), 3)


def test_what_a_dead_writer_left_is_freed_and_what_a_live_one_holds_is_not(store: BlobStore) -> None:
    keep(store, b"first")
    dead = store.root / "ingest" / "dead"
    dead.mkdir()
    (dead / "half").write_bytes(b"1234")
    (store.root / ".index.json.stray").write_bytes(b"12")

    def gather(writer: Writer, item: Descriptor) -> None:
        writer.put(item, b"new")
        assert store.leftovers() == [dead]
        assert store.collect(lambda: [digest_of(b"first")]) == Freed(2, 6)

    with store.storing([blob(b"new")], gather):
        pass
    assert store.intact(digest_of(b"new"), 3)
    assert store.leftovers() == []


def test_a_download_that_broke_off_is_found_again_and_only_one_may_grow_it(store: BlobStore) -> None:
    keep(store, b"first")
    with store.partial(digest_of(b"big")) as path:
        assert path is not None
        path.write_bytes(b"bi")
        with store.partial(digest_of(b"big")) as second:
            assert second is None
    with store.partial(digest_of(b"big")) as path:
        assert path is not None
        assert path.read_bytes() == b"bi"


def test_a_wrong_file_is_not_adopted(store: BlobStore, tmp_path: Path) -> None:
    keep(store, b"first")
    (tmp_path / "arrived").write_bytes(b"bad")
    with pytest.raises(Corrupt):
        store.adopt(blob(b"big"), tmp_path / "arrived")
    assert store.digests() == [digest_of(b"first")]


def test_the_index_names_manifests_for_other_tools_and_skips_missing_ones(store: BlobStore) -> None:
    from hythe.bundle.artifact import artifact

    made = artifact({"hythe.json": b"{}"})
    keep(store, made.manifest.raw)
    store.write_index(lambda: {"churn:1.0.0": made.digest, "churn:0.9.0": "sha256:" + "0" * 64})
    index = json.loads((store.root / "index.json").read_bytes())
    assert [(item["digest"], item["annotations"]) for item in index["manifests"]] == [
        (made.digest, {"org.opencontainers.image.ref.name": "churn:1.0.0"})
    ]
