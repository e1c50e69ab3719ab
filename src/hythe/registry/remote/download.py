"""Receiving one blob into a file, going on after a cut from what is there."""

from __future__ import annotations

import os
from pathlib import Path

import httpx

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.descriptor import Descriptor
from hythe.bundle.storage import storage_errors
from hythe.registry.durable import write_all
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.retry import Passing

_PARTIAL_CONTENT = 206


def download(client: RegistryClient, blob: Descriptor, path: Path) -> int:
    """Complete `path` to the size of the blob and flush it; give the bytes that travelled.

    What `path` holds already is taken for the blob's beginning; the caller checks the digest.
    """
    with storage_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        return _completed(client, blob, path, handle)
    finally:
        os.close(handle)


def _completed(client: RegistryClient, blob: Descriptor, path: Path, handle: int) -> int:
    received, failures = 0, 0
    while True:
        offset = _offset(handle, blob, path)
        if offset == blob.size:
            with storage_errors(path):
                os.fsync(handle)
            return received
        try:
            received += _continued(client, blob, path, handle, offset)
        except Passing as err:
            progress = _offset(handle, blob, path) - offset
            received += max(progress, 0)
            failures = 1 if progress > 0 else failures + 1
            client.wait(failures, err)


def _offset(handle: int, blob: Descriptor, path: Path) -> int:
    with storage_errors(path):
        size = os.fstat(handle).st_size
        if size > blob.size:
            os.ftruncate(handle, 0)
            return 0
        return size


def _continued(client: RegistryClient, blob: Descriptor, path: Path, handle: int, offset: int) -> int:
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    with client.stream("GET", client.url(f"blobs/{blob.digest}"), headers) as response:
        at = offset if _continues(response, offset) else 0
        with storage_errors(path):
            os.ftruncate(handle, at)
            os.lseek(handle, at, os.SEEK_SET)
        start = at
        # Pieces as they come: gathering longer ones would lose what arrived just before a cut.
        for piece in response.iter_bytes():
            at += len(piece)
            if at > blob.size:
                raise Corrupt(
                    f"blob {blob.digest} of {client.ref} is longer than its {blob.size} bytes;"
                    " ask the registry's keeper"
                )
            with storage_errors(path):
                write_all(handle, piece)
    if at < blob.size:
        raise Passing(
            f"blob {blob.digest} of {client.ref} broke off at {at} of {blob.size} bytes; pull again"
        )
    return at - start


def _continues(response: httpx.Response, offset: int) -> bool:
    if response.status_code != _PARTIAL_CONTENT:
        return False
    said = response.headers.get("Content-Range", "")
    if not said.startswith(f"bytes {offset}-"):
        raise Invalid(f"the registry answered '{said}' where bytes from {offset} were asked; pull again")
    return True
