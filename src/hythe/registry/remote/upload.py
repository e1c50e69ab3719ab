"""Sending one blob: whole when small, in chunks when large, going on after a cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import httpx

from hythe.base.errors import Invalid, NotFound, Unavailable
from hythe.bundle.artifact import Source
from hythe.bundle.descriptor import Descriptor
from hythe.registry.durable import PIECE
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.notes import UploadNotes
from hythe.registry.remote.retry import Passing

CHUNK = 16 << 20
"""Bytes sent in one request; a registry that asks for longer chunks gets them."""


@dataclass(frozen=True, slots=True)
class _Session:
    """An upload at the registry: where it goes on, and how many bytes have arrived."""

    location: str
    offset: int
    shortest_chunk: int = 0


@dataclass(frozen=True, slots=True)
class _Slice:
    """A part of a blob as a request body that can be sent again."""

    source: Source
    start: int
    length: int

    def __iter__(self) -> Iterator[bytes]:
        left = self.length
        with BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb") as file:
            file.seek(self.start)
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


def upload(
    client: RegistryClient, blob: Descriptor, source: Source, notes: UploadNotes, chunk: int = CHUNK
) -> None:
    """Send the blob that `source` holds; the caller has asked whether it is missing there.

    After a cut, in this process or an earlier one, it goes on from what the registry says has arrived.
    """
    location = notes.read(client.ref, blob.digest)
    session = _found_again(client, location) if location else None
    failures = 0
    while True:
        try:
            session = session or _begun(client)
            notes.write(client.ref, blob.digest, session.location)
            session = _advanced(client, blob, source, session, chunk)
            failures = 0
            if session is None:
                break
        except Passing as err:
            failures += 1
            client.wait(failures, err)
            if client.has_blob(blob.digest):
                break
            session = _found_again(client, session.location) if session else None
        except (Invalid, NotFound) as err:
            # The registry lost the upload, or disagrees on where it stands: begin a new one.
            failures += 1
            client.wait(failures, Passing(str(err)))
            session = None
    notes.drop(client.ref, blob.digest)


def _begun(client: RegistryClient) -> _Session:
    response = client.ask("POST", client.url("blobs/uploads/"), {"Content-Length": "0"})
    shortest = response.headers.get("OCI-Chunk-Min-Length", "0")
    return _Session(_location(client, response), 0, int(shortest) if shortest.isdigit() else 0)


def _found_again(client: RegistryClient, location: str) -> _Session | None:
    """Ask how much has arrived; None when the upload is unknown or holds nothing worth keeping."""
    try:
        response = client.ask("GET", location)
    except (Invalid, NotFound, Unavailable):
        return None
    # `0-0` stands for an empty upload and for one of one byte.
    found = re.fullmatch(r"(?:bytes=)?0-([1-9]\d*)", response.headers.get("Range", ""))
    return _Session(_location(client, response), int(found[1]) + 1) if found else None


def _advanced(
    client: RegistryClient, blob: Descriptor, source: Source, session: _Session, chunk: int
) -> _Session | None:
    """Send the next chunk; give the session after it, or None when the blob is complete."""
    length = min(max(chunk, session.shortest_chunk), blob.size - session.offset)
    end = session.offset + length
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
    if session.offset or end < blob.size:
        headers["Content-Range"] = f"{session.offset}-{end - 1}"
    body = _Slice(source, session.offset, length)
    if end < blob.size:
        with client.stream("PATCH", session.location, headers, body) as response:
            response.read()
            return _Session(_location(client, response), end, session.shortest_chunk)
    finish = str(httpx.URL(session.location).copy_merge_params({"digest": blob.digest}))
    if not length:
        headers.pop("Content-Range", None)
    with client.stream("PUT", finish, headers, body) as response:
        response.read()
    return None


def _location(client: RegistryClient, response: httpx.Response) -> str:
    location = response.headers.get("Location")
    if not location:
        raise Unavailable(f"{client.ref.host} began an upload without saying where; ask its keeper")
    return client.absolute(location)
