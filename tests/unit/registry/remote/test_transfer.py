from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hythe.base.errors import Corrupt, Invalid, Unavailable
from hythe.bundle.descriptor import Descriptor
from hythe.bundle.digests import digest_of
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.download import download
from hythe.registry.remote.notes import UploadNotes
from hythe.registry.remote.upload import upload
from hythe.testing.memory_registry import MemoryRegistry

Connect = Callable[..., RegistryClient]
CONTENT = random.Random(3).randbytes(1000)
BLOB = Descriptor("application/octet-stream", digest_of(CONTENT), len(CONTENT))
CHUNK = 300


@pytest.fixture
def notes(tmp_path: Path) -> UploadNotes:
    return UploadNotes(tmp_path / "uploads")


def send(client: RegistryClient, notes: UploadNotes, chunk: int = CHUNK) -> None:
    upload(client, BLOB, CONTENT, notes, chunk)


def cutting(server: MemoryRegistry, method: str, at: int, keep: int = 0) -> None:
    """Cut the connection at the n-th request of a method, after `keep` bytes have arrived."""
    count = iter(range(1, 1000))

    def cut(request: httpx.Request) -> None:
        if request.method == method and next(count) == at:
            number = request.url.path.rsplit("/", 1)[1]
            if keep:
                server.uploads[number] += request.content[:keep]
            raise httpx.WriteError("connection reset", request=request)

    server.faults.append(cut)


def test_a_small_blob_travels_in_one_request(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes
) -> None:
    send(connect(), notes, chunk=1000)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert (server.asked("POST"), server.asked("PATCH"), server.asked("PUT")) == (1, 0, 1)


def test_a_large_blob_travels_in_chunks(connect: Connect, server: MemoryRegistry, notes: UploadNotes) -> None:
    send(connect(), notes)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert (server.asked("POST"), server.asked("PATCH"), server.asked("PUT")) == (1, 3, 1)


def test_an_empty_blob_travels_too(connect: Connect, server: MemoryRegistry, notes: UploadNotes) -> None:
    empty = Descriptor("text/plain", digest_of(b""), 0)
    upload(connect(), empty, b"", notes)
    assert server.blobs == {empty.digest: b""}


@pytest.mark.parametrize("keep", [0, 17])
def test_after_a_cut_the_upload_goes_on_from_what_arrived(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes, keep: int
) -> None:
    cutting(server, "PATCH", at=2, keep=keep)
    send(connect(), notes)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert server.asked("POST") == 1


def test_a_later_process_goes_on_where_an_earlier_one_ended(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes
) -> None:
    def ends(request: httpx.Request) -> None:
        if request.method == "PUT":
            raise KeyboardInterrupt

    server.faults.append(ends)
    with pytest.raises(KeyboardInterrupt):
        send(connect(), notes)
    server.faults.clear()
    server.requests.clear()
    send(connect(), notes)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert (server.asked("POST"), server.asked("PATCH")) == (0, 0)


def test_an_upload_that_the_registry_lost_is_begun_anew(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes
) -> None:
    def forgets(request: httpx.Request) -> None:
        if request.method == "PATCH" and server.asked("PATCH") == 2:
            server.uploads.clear()

    server.faults.append(forgets)
    send(connect(), notes)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert server.asked("POST") == 2


def test_an_answer_that_is_lost_after_the_last_byte_is_no_failure(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes
) -> None:
    def loses(request: httpx.Request) -> None:
        if request.method == "PUT":
            server.faults.clear()
            server._handle(request)
            raise httpx.ReadError("connection reset", request=request)

    server.faults.append(loses)
    send(connect(), notes)
    assert server.asked("POST") == 1


def test_a_registry_that_always_refuses_ends_the_upload(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes, waits: list[float]
) -> None:
    server.faults.append(lambda request: httpx.Response(400) if request.method == "PATCH" else None)
    with pytest.raises(Unavailable, match="the registry refuses this"):
        send(connect(), notes)
    assert len(waits) == 4


def test_a_registry_that_asks_for_longer_chunks_gets_them(
    connect: Connect, server: MemoryRegistry, notes: UploadNotes
) -> None:
    def asks(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return None
        server.uploads["big"] = b""
        headers = {"Location": "/v2/models/churn/blobs/uploads/big", "OCI-Chunk-Min-Length": "600"}
        return httpx.Response(202, headers=headers)

    server.faults.append(asks)
    send(connect(), notes, chunk=100)
    assert server.blobs == {BLOB.digest: CONTENT}
    assert server.asked("PATCH") == 1


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.ReadError("connection reset")


def breaking_off(server: MemoryRegistry, size: int, times: int = 1) -> list[str]:
    """Break downloads off after `size` bytes, so many times; give the list that collects the ranges asked."""
    ranges: list[str] = []
    server.blobs[BLOB.digest] = CONTENT

    def cut(request: httpx.Request) -> httpx.Response | None:
        ranges.append(request.headers.get("Range", ""))
        if len(ranges) > times:
            return None
        start = int(ranges[-1].removeprefix("bytes=").removesuffix("-") or 0)
        said = {"Content-Range": f"bytes {start}-999/1000"} if start else {}
        return httpx.Response(206 if start else 200, stream=Cut(CONTENT[start : start + size]), headers=said)

    server.faults.append(cut)
    return ranges


def test_after_a_cut_the_download_goes_on_from_what_arrived(
    connect: Connect, server: MemoryRegistry, tmp_path: Path
) -> None:
    ranges = breaking_off(server, size=100, times=7)
    assert download(connect(), BLOB, tmp_path / "blob") == 1000
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert ranges == ["", *(f"bytes={at}00-" for at in range(1, 8))]


def test_a_later_process_goes_on_from_the_file(
    connect: Connect, server: MemoryRegistry, tmp_path: Path
) -> None:
    server.blobs[BLOB.digest] = CONTENT
    (tmp_path / "blob").write_bytes(CONTENT[:900])
    assert download(connect(), BLOB, tmp_path / "blob") == 100
    assert (tmp_path / "blob").read_bytes() == CONTENT


def test_a_registry_without_ranges_sends_everything_again(
    connect: Connect, server: MemoryRegistry, tmp_path: Path
) -> None:
    server.faults.append(lambda _: httpx.Response(200, content=CONTENT))
    (tmp_path / "blob").write_bytes(b"wrong" * 100)
    download(connect(), BLOB, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT


def test_a_file_that_is_too_long_is_begun_anew(
    connect: Connect, server: MemoryRegistry, tmp_path: Path
) -> None:
    server.blobs[BLOB.digest] = CONTENT
    (tmp_path / "blob").write_bytes(bytes(1001))
    assert download(connect(), BLOB, tmp_path / "blob") == 1000


def test_a_blob_that_never_ends_is_cut_off(connect: Connect, server: MemoryRegistry, tmp_path: Path) -> None:
    server.faults.append(lambda _: httpx.Response(200, content=CONTENT * 2))
    with pytest.raises(Corrupt, match="is longer than its 1000 bytes"):
        download(connect(), BLOB, tmp_path / "blob")


def test_a_wrong_range_is_refused(connect: Connect, server: MemoryRegistry, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(CONTENT[:10])
    said = {"Content-Range": "bytes 0-999/1000"}
    server.faults.append(lambda _: httpx.Response(206, content=CONTENT, headers=said))
    with pytest.raises(Invalid, match="answered 'bytes 0-999/1000' where bytes from 10 were asked"):
        download(connect(), BLOB, tmp_path / "blob")


def test_a_download_without_progress_ends(
    connect: Connect, server: MemoryRegistry, tmp_path: Path, waits: list[float]
) -> None:
    breaking_off(server, size=0, times=99)
    with pytest.raises(Unavailable):
        download(connect(), BLOB, tmp_path / "blob")
    assert len(waits) == 4
