"""Where unfinished uploads can go on, kept between processes."""

from __future__ import annotations

from pathlib import Path

from hythe.bundle.digests import digest_of
from hythe.bundle.storage import storage_errors
from hythe.registry.durable import make_folder, replace_file
from hythe.registry.remote.reference import RemoteRef


class UploadNotes:
    """One small file for each upload under way: its URL at the registry. Losing one costs a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, ref: RemoteRef, digest: str) -> str | None:
        """Give the URL where the upload of `digest` can go on, if there is one."""
        try:
            return self._path(ref, digest).read_text()
        except FileNotFoundError:
            return None

    def write(self, ref: RemoteRef, digest: str, location: str) -> None:
        """Remember the URL."""
        with storage_errors(self._folder):
            make_folder(self._folder)
            replace_file(self._path(ref, digest), location.encode())

    def drop(self, ref: RemoteRef, digest: str) -> None:
        """Forget the URL: the upload is finished, or the registry does not know it any more."""
        with storage_errors(self._folder):
            self._path(ref, digest).unlink(missing_ok=True)

    def _path(self, ref: RemoteRef, digest: str) -> Path:
        key = digest_of(f"{ref.host}/{ref.path}/{digest}".encode())
        return self._folder / key.removeprefix("sha256:")
